// What a virtual router is told from outside: configuration, and the address it speaks from.

package import VRRPWire

/// The parameters of one virtual router (RFC 9568 §6.1) that its state machine needs.
package struct Parameters: Codable, Equatable, Sendable, BitwiseCopyable {
    package var version: VRRPVersion
    package var priority: Priority
    /// Advertisement_Interval: 10 ms…40.95 s in version 3, 1…255 s in version 2.
    package var advertisementInterval: Duration
    package var preemptMode: Bool
    /// How long a lower-priority Active Router is borne with before this router preempts it.
    package var preemptDelay: Duration
    /// How long this router stays in Initialize after it became able to take part.
    package var startDelay: Duration
    /// The source of its advertisements, and its weight among equal priorities.
    package var primaryAddress: IPAddress

    package init(
        version: VRRPVersion = .v3, priority: Priority = .standard,
        advertisementInterval: Duration = .seconds(1), preemptMode: Bool = true,
        preemptDelay: Duration = .zero, startDelay: Duration = .zero, primaryAddress: IPAddress
    ) {
        self.version = version
        self.priority = priority
        self.advertisementInterval = advertisementInterval
        self.preemptMode = preemptMode
        self.preemptDelay = preemptDelay
        self.startDelay = startDelay
        self.primaryAddress = primaryAddress
    }

    package var isOwner: Bool { priority == .owner }
}

/// The part of a valid advertisement that decides.
package struct HeardAdvertisement: Equatable, Sendable, BitwiseCopyable {
    package var source: IPAddress
    package var priority: Priority
    /// Max Advertise Interval of version 3, Adver Int of version 2.
    package var interval: Duration

    package init(source: IPAddress, priority: Priority, interval: Duration) {
        self.source = source
        self.priority = priority
        self.interval = interval
    }
}

/// What can happen to a virtual router besides the passing of time.
package enum Event: Equatable, Sendable, BitwiseCopyable {
    /// Interface, source address and configuration allow it to take part (RFC 9568: Startup).
    case startup
    /// It must leave the election (RFC 9568: Shutdown).
    case shutdown(Reason)
    /// A valid advertisement for it, from another router.
    case advertisement(HeardAdvertisement)
    /// The parameters changed while it runs.
    case parameters(Parameters)
}

/// What the driver must do, in the order given.
package enum Action: Equatable, Sendable, BitwiseCopyable {
    /// Send an advertisement with this priority now.
    case transmit(Priority)
    /// Make the kernel own the virtual addresses, then announce them.
    case takeAddresses
    /// Remove the virtual addresses from the kernel.
    case releaseAddresses
    /// Neighbours may believe a rival: announce the addresses again.
    case announceAgain
    /// Tell operators.
    case report(Transition)
}

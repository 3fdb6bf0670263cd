// What a reload does to the packet filter, and why a reload can be refused.

import Logging
import VRRPConfiguration
import VRRPConfigurationFile

/// A reload that changed nothing.
enum RefusedReload: Error {
    case invalid(InvalidConfiguration)
    case unfiltered(PacketFilterError)

    /// Why, for whoever asked and for the log.
    var sentences: [String] {
        switch self {
        case .invalid(let error): error.diagnostics.map { $0.rendered() }
        case .unfiltered(let error): [error.description]
        }
    }

    /// The beginning of the last line of the log about it.
    var outcome: String {
        switch self {
        case .invalid: "the configuration is invalid"
        case .unfiltered: "the configuration cannot be applied"
        }
    }
}

extension Office {
    /// Loads the files of the command line once more.
    func loadAgain() throws(RefusedReload) -> Configuration {
        do throws(InvalidConfiguration) {
            return try ConfigurationFiles.load(
                path: options.configurationPath, node: options.node)
        } catch {
            throw .invalid(error)
        }
    }

    /// First the filter, then the addresses. When this throws, both stay as they were.
    func prepareFilter(for new: Configuration, request: UInt64) throws(RefusedReload) {
        do throws(PacketFilterError) {
            try filter.prepare(new, request: request)
        } catch {
            throw .unfiltered(error)
        }
    }

    /// The protocol thread has applied it.
    func settleFilter(for new: Configuration, request: UInt64) {
        warn { () throws(PacketFilterError) in try filter.settle(new, request: request) }
    }

    /// The protocol thread was not told.
    func keepFilter(insteadOf request: UInt64) {
        warn { () throws(PacketFilterError) in try filter.abandon(request: request) }
    }

    /// Addresses that were to go may be gone.
    func tidyFilter() {
        warn { () throws(PacketFilterError) in try filter.tidy() }
    }

    /// What fails here leaves an address filtered that need not be: never the other way round.
    private func warn(_ body: () throws(PacketFilterError) -> Void) {
        do throws(PacketFilterError) {
            try body()
        } catch {
            logger.warning("addresses stay filtered that need not be: \(error.cause)")
        }
    }
}

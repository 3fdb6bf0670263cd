// The control socket's connections: bytes in, calls out; replies in, bytes out. A client that
// sends rubbish, half a message, too much, or never reads loses its connection, and nothing else
// notices.

import LinuxNetwork
import VRRPControl

/// One client.
struct ControlClient: ~Copyable {
    let connection: LocalConnection
    var framer = VarlinkFramer()
    /// Calls that wait for the one before them.
    var calls: [VarlinkCall] = []
    /// The request that is being answered elsewhere.
    var pending: PendingCall?
    /// What the client has not read yet.
    var output: [UInt8] = []

    /// Whether it came through the socket on which things can be changed.
    let mayChange: Bool

    init(_ connection: consuming LocalConnection, mayChange: Bool) {
        self.connection = connection
        self.mayChange = mayChange
    }

    /// The client sends nothing more; what it asked is still answered.
    var hasEnded = false

    /// Reads what is there. False when the connection is of no more use.
    mutating func read() -> Bool {
        var bytes: [UInt8] = []
        do {
            while true {
                bytes.removeAll(keepingCapacity: true)
                switch try connection.read(into: &bytes, limit: 65536) {
                case .nothing:
                    return true
                case .ended:
                    hasEnded = true
                    return true
                case .bytes:
                    for message in try framer.append(bytes) {
                        calls.append(try VarlinkCall(message))
                    }
                    guard calls.count <= Self.maximumCalls else { return false }
                }
            }
        } catch {
            return false
        }
    }

    /// Writes what the client takes. False when it takes nothing, or too little for too long.
    mutating func write() -> Bool {
        do {
            while !output.isEmpty {
                let count = try connection.write(output[...])
                guard count > 0 else { break }
                output.removeFirst(count)
            }
            return output.count <= Self.maximumOutput
        } catch {
            return false
        }
    }

    /// Nothing more will come, nothing is left to answer.
    var isDone: Bool { hasEnded && calls.isEmpty && pending == nil && output.isEmpty }

    static let maximumCalls = 256
    static let maximumOutput = VarlinkFramer.maximumReplyByteCount
}

/// A call that the protocol thread has to answer.
struct PendingCall {
    enum Kind {
        case show(String?)
        case statistics(String?)
        case reload(needsRestart: [String])
    }

    var request: UInt64
    var kind: Kind
    var isOneway: Bool
    /// On the boot-time clock.
    var deadline: Duration
}

/// Who may change things: root, the daemon's own user, members of the configured group.
struct Permission {
    var group: UInt32?

    func allowsChanges(user: UInt32, group: UInt32, process: Int32) -> Bool {
        if user == 0 || user == effectiveUserID() { return true }
        guard let allowed = self.group else { return false }
        return group == allowed || supplementaryGroups(ofProcess: process).contains(allowed)
    }
}

// One call to the daemon: connect, ask, wait for the answer, not for ever.

import LinuxNetwork
import VRRPControl

/// Why a call failed, with what to print and what to exit with.
struct CallFailure: Error {
    var message: String
    var exitCode: Int32
}

enum ControlClient {
    /// Calls `method` on the daemon behind `socket` and returns its answer.
    static func call<Reply: Decodable>(
        _ method: ControlMethod, _ parameters: some Encodable = NoParameters(),
        on socket: String, timeout: Duration, as type: Reply.Type
    ) throws(CallFailure) -> Reply {
        do {
            return try VarlinkReply.decode(
                type,
                from: exchange(
                    VarlinkCall.encode(method: method.rawValue, parameters: parameters), socket,
                    timeout))
        } catch let failure as CallFailure {
            throw failure
        } catch let error as ControlError {
            throw CallFailure(message: "\(error)", exitCode: error.exitCode)
        } catch let error as SystemError {
            throw CallFailure(message: "lost vrrpd at \(socket): \(error)", exitCode: 3)
        } catch {
            throw CallFailure(
                message: "whatever answers on \(socket) is not vrrpd, or not this version of it",
                exitCode: 1)
        }
    }

    private static func exchange(
        _ request: [UInt8], _ socket: String, _ timeout: Duration
    ) throws -> [UInt8] {
        let connection = try connect(socket, timeout)
        do throws(SystemError) {
            try connection.writeAll(request, timeout: timeout)
        } catch {
            throw unreachable(socket, error)
        }
        return try receive(connection, deadline: Clock.boot() + timeout)
    }

    private static func connect(
        _ socket: String, _ timeout: Duration
    ) throws(CallFailure) -> LocalConnection {
        do throws(SystemError) {
            return try LocalConnection.connect(path: socket, timeout: timeout)
        } catch {
            throw unreachable(socket, error)
        }
    }

    private static func unreachable(_ socket: String, _ error: SystemError) -> CallFailure {
        CallFailure(
            message: "cannot reach vrrpd at \(socket): \(describe(errno: error.code)) — is it"
                + " running? (systemctl status vrrpd; --socket names another one)",
            exitCode: error.code == notPermitted ? 4 : error.code == timedOut ? 8 : 3)
    }

    private static func receive(
        _ connection: borrowing LocalConnection, deadline: Duration
    ) throws -> [UInt8] {
        var framer = VarlinkFramer(limit: VarlinkFramer.maximumReplyByteCount)
        while true {
            let left = deadline - Clock.boot()
            guard left > .zero, try connection.waitUntilReadable(timeout: left) else {
                throw CallFailure(message: "vrrpd did not answer in time", exitCode: 8)
            }
            var bytes: [UInt8] = []
            switch try connection.read(into: &bytes, limit: 65536) {
            case .nothing:
                continue
            case .ended:
                throw CallFailure(message: "vrrpd closed the connection", exitCode: 1)
            case .bytes:
                if let answer = try framer.append(bytes).first { return answer }
            }
        }
    }

    /// EACCES.
    private static let notPermitted: Int32 = 13
    /// ETIMEDOUT.
    private static let timedOut: Int32 = 110
}

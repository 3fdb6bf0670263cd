// One call to the daemon: connect, ask, wait for the answer.

import Glibc
import LinuxNetwork
import VRRPControl

extension GlobalOptions {
    /// The parameters of the reply. Throws `Failure`.
    func call<Reply: Decodable>(
        _ method: ControlMethod, _ parameters: some Encodable = NoParameters(),
        timeout: Duration = .seconds(5)
    ) throws -> Reply {
        let deadline = Clock.boot() + timeout
        do {
            let connection = try connected(timeout)
            try connection.writeAll(
                VarlinkCall.encode(method: method.rawValue, parameters: parameters),
                timeout: timeout)
            let message = try Self.reply(from: connection, until: deadline)
            return try VarlinkReply.decode(Reply.self, from: message)
        } catch let error as ControlError {
            throw Failure(message: error.description, exitCode: error.exitCode)
        } catch let error as SystemError {
            let isLate = error.code == ETIMEDOUT
            throw Failure(message: "\(error) (\(socket))", exitCode: isLate ? 8 : 3)
        } catch is MalformedMessage, is MessageTooLong {
            throw Failure(message: "what answers at \(socket) is no vrrpd", exitCode: 1)
        }
    }

    private func connected(_ timeout: Duration) throws -> LocalConnection {
        do {
            return try LocalConnection.connect(path: socket, timeout: timeout)
        } catch {
            let denied = error.code == EACCES || error.code == EPERM
            let late = error.code == ETIMEDOUT
            let advice =
                denied
                ? "try as root" : "is it running? (systemctl status vrrpd)"
            throw Failure(
                message: "cannot reach vrrpd at \(socket): \(error) — \(advice)",
                exitCode: denied ? 4 : late ? 8 : 3)
        }
    }

    private static func reply(
        from connection: borrowing LocalConnection, until deadline: Duration
    ) throws -> [UInt8] {
        var framer = VarlinkFramer()
        while true {
            let left = deadline - Clock.boot()
            guard left > .zero, try connection.waitUntilReadable(timeout: left) else {
                throw Failure(message: "vrrpd did not answer in time", exitCode: 8)
            }
            var bytes: [UInt8] = []
            if case .ended = try connection.read(into: &bytes, limit: 1 << 16) {
                throw Failure(message: "vrrpd closed the connection", exitCode: 3)
            }
            if let message = try framer.append(bytes).first { return message }
        }
    }
}

func printError(_ text: String) {
    writeStandardError(text + "\n")
}

// The one wrapper of system calls, with the one retry rule and the one error.

import CSys
import Glibc

/// A system call that failed, and why.
package struct SystemError: Error, Equatable, Sendable {
    package let call: String
    /// An errno.
    package let code: Int32

    package init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }
}

extension SystemError: CustomStringConvertible {
    /// `bind: Address already in use (EADDRINUSE)`.
    package var description: String { "\(call): \(describe(errno: code))" }
}

/// `Address already in use (EADDRINUSE)`.
package func describe(errno code: Int32) -> String {
    guard let text = csys_error_description(code), let name = csys_error_name(code) else {
        return "error \(code)"
    }
    return "\(String(cString: text)) (\(String(cString: name)))"
}

/// Runs a wrapper from `CSys`, again after EINTR, and turns a negative errno into a typed error.
@discardableResult
func systemCall(_ name: String, _ body: () -> Int) throws(SystemError) -> Int {
    while true {
        let result = body()
        if result >= 0 { return result }
        guard result == -Int(EINTR) else {
            throw SystemError(call: name, code: Int32(truncatingIfNeeded: -result))
        }
    }
}

/// The same for calls on non-blocking descriptors: nil means that nothing is there.
func systemCallUnlessEmpty(_ name: String, _ body: () -> Int) throws(SystemError) -> Int? {
    while true {
        let result = body()
        if result >= 0 { return result }
        if result == -Int(EAGAIN) { return nil }
        guard result == -Int(EINTR) else {
            throw SystemError(call: name, code: Int32(truncatingIfNeeded: -result))
        }
    }
}

// Varlink calls and replies as JSON texts: https://varlink.org/Method-Call.

/// The text is no Varlink call or reply at all; whoever sent it speaks something else.
package struct MalformedMessage: Error, Equatable {
    package init() {}
}

/// A call as it arrived; its parameters are read once the method is known.
package struct VarlinkCall: Sendable {
    package let method: String
    /// The caller wants no reply.
    package let oneway: Bool
    /// The caller takes several replies.
    package let more: Bool
    private let message: [UInt8]

    private struct Head: Decodable {
        var method: String
        var oneway: Bool?
        var more: Bool?
    }

    private struct Body<Parameters: Decodable>: Decodable {
        var parameters: Parameters?
    }

    package init(_ message: [UInt8]) throws(MalformedMessage) {
        guard let head = try? ControlJSON.decode(Head.self, from: message) else {
            throw MalformedMessage()
        }
        method = head.method
        oneway = head.oneway ?? false
        more = head.more ?? false
        self.message = message
    }

    /// The parameters, `standard` if the call has none.
    package func parameters<Parameters: Decodable>(
        or standard: Parameters
    ) throws(ControlError) -> Parameters {
        do {
            return try ControlJSON.decode(Body<Parameters>.self, from: message).parameters
                ?? standard
        } catch DecodingError.typeMismatch(_, let context) {
            throw .invalidParameter(parameter: Self.last(context.codingPath))
        } catch DecodingError.keyNotFound(let key, _) {
            throw .invalidParameter(parameter: key.stringValue)
        } catch DecodingError.valueNotFound(_, let context) {
            throw .invalidParameter(parameter: Self.last(context.codingPath))
        } catch {
            throw .invalidParameter(parameter: "parameters")
        }
    }

    private static func last(_ path: [any CodingKey]) -> String {
        path.last?.stringValue ?? "parameters"
    }

    /// The text of a call, with its NUL.
    package static func encode(
        method: String, parameters: some Encodable = NoParameters()
    ) throws -> [UInt8] {
        try ControlJSON.encode(Outgoing(method: method, parameters: parameters)) + [0]
    }

    private struct Outgoing<Parameters: Encodable>: Encodable {
        var method: String
        var parameters: Parameters
    }
}

/// A reply to a call.
package enum VarlinkReply {
    private struct Success<Parameters: Encodable>: Encodable {
        var parameters: Parameters
    }

    private struct Failure: Encodable {
        var error: String
        var parameters: ErrorParameters
    }

    private struct Head: Decodable {
        var error: String?
    }

    private struct Body<Parameters: Decodable>: Decodable {
        var parameters: Parameters?
    }

    /// The text of a reply, with its NUL.
    package static func encode(_ parameters: some Encodable) throws -> [UInt8] {
        try ControlJSON.encode(Success(parameters: parameters)) + [0]
    }

    /// The text of an error, with its NUL.
    package static func encode(_ error: ControlError) throws -> [UInt8] {
        try ControlJSON.encode(Failure(error: error.name, parameters: error.parameters)) + [0]
    }

    /// Throws `ControlError` for an error reply and `MalformedMessage` for anything else.
    package static func decode<Parameters: Decodable>(
        _ type: Parameters.Type, from message: [UInt8]
    ) throws -> Parameters {
        guard let head = try? ControlJSON.decode(Head.self, from: message) else {
            throw MalformedMessage()
        }
        if let name = head.error {
            let body = try? ControlJSON.decode(Body<ErrorParameters>.self, from: message)
            throw ControlError(name: name, parameters: body?.parameters)
        }
        guard
            let body = try? ControlJSON.decode(Body<Parameters>.self, from: message),
            let parameters = body.parameters
        else { throw MalformedMessage() }
        return parameters
    }
}

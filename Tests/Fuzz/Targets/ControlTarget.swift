// The control socket: bytes cut into messages, calls as the daemon reads them, replies as
// `vrrpctl` does.

import VRRPControl

/// The first byte is how many bytes arrive at a time; 0 is all at once.
func fuzzControl(_ input: [UInt8]) throws(BrokenPromise) {
    guard let piece = input.first else { return }
    let stream = input.dropFirst()
    let whole = messages(stream, piece: stream.count)
    let pieces = messages(stream, piece: Int(piece))
    try promise(pieces.hasFailed == whole.hasFailed, "it depends on the pieces what is too long")
    if !whole.hasFailed {
        try promise(whole.messages == pieces.messages, "the messages depend on the pieces")
        try promise(whole.isAtBoundary == pieces.isAtBoundary, "the end depends on the pieces")
        try promise(
            whole.isAtBoundary == (stream.last ?? 0 == 0), "a message ends without its NUL")
    }
    for message in pieces.messages {
        try promise(message.count <= limit, "a message of \(message.count) bytes")
        try promise(!message.contains(0), "a message with a NUL")
        try checkCall(message)
        try checkReply(message)
    }
}

private let limit = 2048

private func messages(
    _ stream: ArraySlice<UInt8>, piece: Int
) -> (messages: [[UInt8]], hasFailed: Bool, isAtBoundary: Bool) {
    var framer = VarlinkFramer(limit: limit)
    var messages: [[UInt8]] = []
    var rest = stream
    while !rest.isEmpty {
        let count = piece > 0 ? piece : rest.count
        guard let more = try? framer.append(rest.prefix(count)) else {
            return (messages, true, false)
        }
        messages += more
        rest = rest.dropFirst(count)
    }
    return (messages, false, framer.isAtBoundary)
}

private func checkCall(_ message: [UInt8]) throws(BrokenPromise) {
    guard let call = try? VarlinkCall(message) else { return }
    if let method = ControlMethod(rawValue: call.method) {
        try promise(method.rawValue == call.method, "another method is called")
    }
    do throws(ControlError) {
        let selection = try call.parameters(or: Selection())
        _ = selects(selection.name, "lan/ipv4")
        let interface = try call.parameters(or: InterfaceName()).interface
        _ = try InterfaceDescription(of: interface)
    } catch {
        try checkError(error)
    }
}

/// What the daemon answers a bad call with is what `vrrpctl` reads.
private func checkError(_ error: ControlError) throws(BrokenPromise) {
    guard let bytes = try? VarlinkReply.encode(error) else {
        throw BrokenPromise(description: "\(error) cannot be encoded")
    }
    do {
        _ = try VarlinkReply.decode(NoParameters.self, from: bytes.dropLast())
        throw BrokenPromise(description: "\(error) is read as success")
    } catch let read as ControlError {
        try promise(read == error, "\(error) is read as \(read)")
        try promise(read.exitCode != 0, "\(read) exits with 0")
    } catch let broken as BrokenPromise {
        throw broken
    } catch {
        throw BrokenPromise(description: "\(error)")
    }
}

private func checkReply(_ message: [UInt8]) throws(BrokenPromise) {
    if let reply = try checkReply(ShowReply.self, message) {
        for style in [TextStyle(usesColor: false), TextStyle(usesColor: true)] {
            _ = reply.table(style)
            for router in reply.routers { _ = router.details(style) }
        }
    }
    if let reply = try checkReply(StatisticsReply.self, message) {
        _ = reply.text(TextStyle(usesColor: false))
    }
    if let reply = try checkReply(ReloadReply.self, message) { _ = reply.text }
    _ = try checkReply(VersionReply.self, message)
    _ = try checkReply(ServiceInformation.self, message)
    _ = try checkReply(InterfaceDescription.self, message)
    _ = try checkReply(NoParameters.self, message)
}

/// A reply that can be read can be written, and read again; `--json` can print it.
private func checkReply<Reply: Codable & Equatable>(
    _ type: Reply.Type, _ message: [UInt8]
) throws(BrokenPromise) -> Reply? {
    let reply: Reply
    do {
        reply = try VarlinkReply.decode(type, from: message)
    } catch let error as ControlError {
        try checkError(error)
        return nil
    } catch {
        return nil
    }
    guard let bytes = try? VarlinkReply.encode(reply), (try? ControlJSON.pretty(reply)) != nil
    else { throw BrokenPromise(description: "\(reply) cannot be encoded") }
    try promise(bytes.last == 0 && !bytes.dropLast().contains(0), "not one message: \(bytes)")
    let again = try? VarlinkReply.decode(type, from: bytes.dropLast())
    try promise(again == reply, "\(reply) comes back as \(String(describing: again))")
    return reply
}

// Varlink: framing of whatever a client sends, calls, replies, the interface description.

import Testing
import VRRPControl

@Suite("Varlink")
struct VarlinkTests {
    static let stream = Array("{\"a\":1}\u{0}\u{0}{\"method\":\"x\"}\u{0}rest".utf8)

    @Test("messages are the same wherever the stream is cut", arguments: 0...stream.count)
    func framing(cut: Int) throws {
        var framer = VarlinkFramer()
        var messages = try framer.append(Self.stream[..<cut])
        messages += try framer.append(Self.stream[cut...])
        let texts = messages.map { String(decoding: $0, as: UTF8.self) }
        #expect(texts == ["{\"a\":1}", "", "{\"method\":\"x\"}"])
        #expect(!framer.isAtBoundary)
        #expect(try framer.append([0]).count == 1)
        #expect(framer.isAtBoundary)
    }

    @Test("a message of 1 MiB is taken, a longer one is refused before its end")
    func bound() throws {
        let most = [UInt8](repeating: 32, count: VarlinkFramer.maximumMessageByteCount)
        var framer = VarlinkFramer()
        #expect(try framer.append(most).isEmpty)
        #expect(try framer.append([0]) == [most])
        #expect(try framer.append(most).isEmpty)
        #expect(throws: MessageTooLong.self) { try framer.append([32]) }
        var other = VarlinkFramer()
        #expect(throws: MessageTooLong.self) { try other.append(most + [32, 0]) }
    }

    @Test(
        "what is no call is refused",
        arguments: [
            "", "{", "null", "[]", "{}", "{\"method\":1}", "{\"method\":\"x\",\"oneway\":\"yes\"}",
            "\u{feff}", "{\"method\":\"x\"} trailing",
        ])
    func rubbish(text: String) {
        #expect(throws: MalformedMessage.self) { try VarlinkCall(Array(text.utf8)) }
    }

    @Test("nesting without end is refused, not followed")
    func nesting() {
        for start in ["[", "{\"a\":"] {
            let text = String(repeating: start, count: 100_000)
            let isRefused = (try? VarlinkCall(Array(text.utf8))) == nil
            #expect(isRefused)
        }
    }

    @Test("a call has a method, flags and parameters")
    func call() throws {
        let text = #"{"method":"io.vrrpd.Show","parameters":{"name":"lan"},"oneway":true}"#
        let call = try VarlinkCall(Array(text.utf8))
        #expect(call.method == "io.vrrpd.Show")
        #expect(call.oneway)
        #expect(!call.more)
        #expect(try call.parameters(or: Selection()).name == "lan")
        let bare = try VarlinkCall(Array(#"{"method":"io.vrrpd.Show"}"#.utf8))
        #expect(try bare.parameters(or: Selection()).name == nil)
        let wrong = #"{"method":"io.vrrpd.Show","parameters":{"name":5}}"#
        let wrongCall = try VarlinkCall(Array(wrong.utf8))
        #expect(throws: ControlError.invalidParameter(parameter: "name")) {
            try wrongCall.parameters(or: Selection())
        }
    }

    static let errors: [ControlError] = [
        .noSuchRouter(name: "lan"), .permissionDenied(reason: "no"), .timedOut,
        .invalidConfiguration(diagnostics: ["a", "b"]), .methodNotFound(method: "x.Y"),
        .methodNotImplemented(method: "x.Y"), .invalidParameter(parameter: "name"),
        .interfaceNotFound(interface: "x"), .other(name: "x.Z"),
    ]

    @Test("every error comes back as it was sent", arguments: errors)
    func roundTrip(error: ControlError) throws {
        let bytes = try VarlinkReply.encode(error)
        #expect(bytes.last == 0)
        #expect(throws: error) {
            try VarlinkReply.decode(NoParameters.self, from: Array(bytes.dropLast()))
        }
    }

    @Test("an error's text on the wire")
    func errorText() throws {
        let bytes = try VarlinkReply.encode(ControlError.noSuchRouter(name: "wan/ipv4"))
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"error":"io.vrrpd.NoSuchRouter","parameters":{"name":"wan/ipv4"}}"# + "\u{0}")
    }

    @Test("exit codes are those of the command line's contract")
    func exitCodes() {
        let codes = Self.errors.map(\.exitCode)
        #expect(codes == [5, 4, 8, 6, 1, 1, 1, 1, 1])
    }

    @Test("the interface description names every method, error and counter")
    func description() throws {
        let text = try InterfaceDescription(of: "io.vrrpd").description
        for method in ControlMethod.allCases where method.rawValue.hasPrefix("io.vrrpd.") {
            #expect(text.contains("\nmethod \(method.rawValue.dropFirst(9))("))
        }
        for error in Self.errors where error.name.hasPrefix("io.vrrpd.") {
            #expect(text.contains("\nerror \(error.name.dropFirst(9)) ("))
        }
        #expect(text.contains("  priority_zero_received: int,\n"))
        #expect(try InterfaceDescription(of: "org.varlink.service").description.contains("GetInfo"))
        #expect(throws: ControlError.interfaceNotFound(interface: "x")) {
            try InterfaceDescription(of: "x")
        }
    }
}

// What the kernel hands over: netlink messages, and IPv4 headers in front of datagrams.

import LinuxNetwork
import VRRPWire

/// An odd first byte is a datagram of netlink, an even one a datagram of IPv4.
func fuzzNetlink(_ input: [UInt8]) throws(BrokenPromise) {
    guard let kind = input.first else { return }
    let bytes = Array(input.dropFirst())
    if kind & 1 == 1 { try checkNetlink(bytes) } else { try checkDatagram(bytes) }
}

private func checkNetlink(_ bytes: [UInt8]) throws(BrokenPromise) {
    // Exactly as large as it is, for tools that watch the edges, and aligned as the monitor's.
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    var observations: [NetworkObservation] = []
    let malformed = parseObservations(UnsafeRawBufferPointer(buffer)) { observations.append($0) }
    // No message is shorter than its header.
    try promise(
        malformed >= 0 && observations.count + malformed <= bytes.count / 16 + 1,
        "\(observations.count) observations and \(malformed) malformed of \(bytes.count) bytes")
    try promise(buffer.elementsEqual(bytes), "the parser has written")
    for observation in observations { try check(observation) }
}

private func check(_ observation: NetworkObservation) throws(BrokenPromise) {
    switch observation {
    case .link(let link):
        try promise(link.index > 0 && !link.name.isEmpty, "\(link)")
        try promise(link.name.unicodeScalars.count <= 15, "\(link)")
    case .linkRemoved(let index, let name):
        try promise(index > 0 && !name.isEmpty, "\(observation)")
    case .address(let address):
        try promise(address.interface > 0, "\(address)")
        try promise(
            Int(address.address.prefixLength) <= address.address.address.family.bitCount,
            "\(address)")
    case .addressRemoved(let interface, let address):
        try promise(interface > 0, "\(observation)")
        try promise(
            Int(address.prefixLength) <= address.address.family.bitCount, "\(observation)")
    case .resynchronising, .synchronised:
        throw BrokenPromise(description: "\(observation) is no message")
    }
}

/// What our own IPv4 header decoder takes, the socket's takes in the same way.
private func checkDatagram(_ bytes: [UInt8]) throws(BrokenPromise) {
    let datagram = IPv4Datagram(bytes.span.bytes)
    if let datagram {
        try promise(
            datagram.payload.lowerBound >= 20 && datagram.payload.upperBound <= bytes.count,
            "the payload is at \(datagram.payload)")
    }
    guard let header = try? IPv4Header(decoding: bytes.span.bytes) else { return }
    try promise(
        datagram?.payload == header.payloadRange && datagram?.source == header.source
            && datagram?.destination == header.destination
            && datagram?.timeToLive == header.timeToLive,
        "\(header) and \(String(describing: datagram)) are not the same")
}

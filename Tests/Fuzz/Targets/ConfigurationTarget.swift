// Configuration files: any text is a configuration that an engine can run, or mistakes that can
// be shown.

import VRRPConfiguration
import VRRPConfigurationFile
import VRRPCore
import VRRPEngine
import VRRPWire

/// The input is one file, or several with a record separator (0x1e, which YAML refuses) between.
func fuzzConfiguration(_ input: [UInt8]) throws(BrokenPromise) {
    let files = input.split(separator: 0x1e, omittingEmptySubsequences: false).enumerated().map {
        SourceFile(name: "\($0.offset).yaml", text: Array($0.element))
    }
    let loader = ConfigurationLoader(
        node: "gw1", nodeIsOverride: input.count % 2 == 1,
        environment: ["VRID": "51", "NAME": "eth1", "EMPTY": "", "LINES": "a\nb: c"],
        credential: { $0 == "vrid" ? "52\n" : nil })
    let configuration: Configuration
    do throws(InvalidConfiguration) {
        configuration = try loader.load(files)
    } catch {
        return try checkDiagnostics(error, files)
    }
    try checkConfiguration(configuration)
    let again = try? loader.load(files)
    try promise(again == configuration, "the same files give another configuration")
}

private func checkConfiguration(_ configuration: Configuration) throws(BrokenPromise) {
    try promise(!configuration.routers.isEmpty, "no routers, and no mistake")
    try promise(
        ConfigurationDifference(from: configuration, to: configuration).isEmpty,
        "the configuration differs from itself")
    for router in configuration.routers {
        try promise(
            !router.addresses.isEmpty
                && router.addresses.allSatisfy { $0.address.address.family == router.family },
            "\(router.name) has no addresses, or those of the other family")
        try promise((1...15).contains(router.interface.utf8.count), "\(router.interface) is a name")
        let least: Duration = router.version == .v2 ? .seconds(1) : .milliseconds(10)
        let most: Duration = router.version == .v2 ? .seconds(255) : .milliseconds(40_950)
        try promise(
            (least...most).contains(router.advertisementInterval),
            "\(router.name) advertises every \(router.advertisementInterval)")
        try promise(
            router.preemptDelay >= .zero && router.startDelay >= .zero,
            "\(router.name) has a negative delay")
        if let policy = router.authentication?.hmac {
            try promise(
                policy.keys.contains(policy.activeKey)
                    && policy.keys.allSatisfy {
                        $0.id > 0 && (32...64).contains($0.secret.bytes?.count ?? 0)
                    }, "\(router.name) has impossible keys")
        }
        try promise(router.priority != .leaving, "\(router.name) has priority 0")
    }
    run(configuration)
}

/// An engine takes it, and lives for a few deadlines.
private func run(_ configuration: Configuration) {
    var engine = Engine(node: configuration.node)
    _ = engine.apply(configuration, at: .origin)
    engine.beginResynchronisation()
    for (position, name) in Set(configuration.routers.map(\.interface)).sorted().enumerated() {
        let index = Int32(position + 1)
        engine.observe(
            Link(index: index, name: name, isUp: true, hasCarrier: true, hardwareAddress: .zero),
            at: .origin)
        for text in ["192.0.2.3/24", "fe80::3/64"] {
            guard let address = InterfaceAddress(text) else { continue }
            engine.observe(KernelAddress(interface: index, address: address), at: .origin)
        }
    }
    engine.endResynchronisation(at: .origin)
    for _ in 0..<8 {
        engine.clearEffects()
        guard let next = engine.nextDeadline else { break }
        engine.advance(to: next)
    }
}

private func checkDiagnostics(
    _ invalid: InvalidConfiguration, _ files: [SourceFile]
) throws(BrokenPromise) {
    try promise(!invalid.diagnostics.isEmpty, "refused without a mistake")
    for diagnostic in invalid.diagnostics {
        guard let file = files.first(where: { $0.name == diagnostic.file }) else {
            throw BrokenPromise(description: "a mistake in \(diagnostic.file)")
        }
        let lines = lines(of: file.text)
        let place = "\(diagnostic.line):\(diagnostic.column) (\(diagnostic.message))"
        try promise(
            diagnostic.line >= 1 && diagnostic.column >= 1 && diagnostic.line <= lines.count,
            "\(place) is not within \(lines.count) lines")
        let line = lines[diagnostic.line - 1]
        // One behind the last is the end of the line.
        try promise(
            diagnostic.column <= line.count + 1, "\(place) is behind \(line.count) characters")
        try promise(!diagnostic.message.isEmpty, "\(place) says nothing")
        if let shown = diagnostic.sourceLine {
            try promise(
                diagnostic.sourceColumn >= 1
                    && diagnostic.sourceColumn <= shown.unicodeScalars.count + 1,
                "\(place): the caret stands at \(diagnostic.sourceColumn) of \(shown)")
        }
        let text = diagnostic.rendered()
        let bad = text.unicodeScalars.first {
            ($0.value < 0x20 && $0 != "\n" && $0 != "\t") || (0x7f...0x9f).contains($0.value)
        }
        try promise(bad == nil, "\(place): a terminal would obey \(text.debugDescription)")
    }
}

/// The characters of every line; lines end as those of YAML 1.1 do. Bytes that are not UTF-8 count
/// as one character at least.
private func lines(of text: [UInt8]) -> [[Unicode.Scalar]] {
    var result: [[Unicode.Scalar]] = [[]]
    var previous: Unicode.Scalar?
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
        switch scalar {
        case "\n" where previous == "\r": break
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": result.append([])
        default: result[result.count - 1].append(scalar)
        }
        previous = scalar
    }
    return result
}

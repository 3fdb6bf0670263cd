// The rules of the house, held against the source text: who may import whom, how long a file may
// be, what may not appear.

import Foundation
import Testing

@Suite("The rules of the house")
struct HouseRulesTests {
    /// What each target may import. Sources/README.md explains why.
    static let allowed: [String: Set<String>] = [
        "VRRPWire": [],
        "VRRPCore": ["VRRPWire"],
        "VRRPConfiguration": ["VRRPWire", "VRRPCore"],
        "VRRPConfigurationFile": ["VRRPWire", "VRRPCore", "VRRPConfiguration", "CYAML"],
        "VRRPControl": ["VRRPWire", "FoundationEssentials"],
        "VRRPEngine": ["VRRPWire", "VRRPCore", "VRRPConfiguration", "HeapModule"],
        "LinuxNetwork": ["VRRPWire", "CSys", "CNetlink", "Glibc", "Synchronization"],
        "VRRPRuntime": [
            "VRRPWire", "VRRPCore", "VRRPConfiguration", "VRRPConfigurationFile", "VRRPControl",
            "VRRPEngine", "LinuxNetwork", "Logging", "FoundationEssentials",
            "Synchronization", "Crypto",
        ],
        "vrrpd": ["VRRPRuntime", "ArgumentParser", "Glibc"],
        "vrrpctl": [
            "VRRPControl", "VRRPConfiguration", "VRRPConfigurationFile", "LinuxNetwork",
            "VRRPRuntime", "ArgumentParser", "FoundationEssentials", "Glibc",
        ],
    ]

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func swiftFiles(under folder: String) throws -> [(path: String, lines: [String])] {
        let base = root.appending(path: folder)
        let files = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)
        var result: [(path: String, lines: [String])] = []
        while let url = files?.nextObject() as? URL {
            guard url.pathExtension == "swift" else { continue }
            let text = try String(contentsOf: url, encoding: .utf8)
            result.append((url.path(), text.components(separatedBy: "\n")))
        }
        return result
    }

    @Test("a target imports only what its ring allows", arguments: allowed.keys.sorted())
    func imports(target: String) throws {
        let files = try Self.swiftFiles(under: "Sources/\(target)")
        #expect(!files.isEmpty)
        for (path, lines) in files {
            for line in lines {
                let words = line.split(separator: " ")
                guard
                    let place = words.firstIndex(of: "import"), place + 1 < words.count,
                    place == 0 || ["package", "internal", "private"].contains(words[place - 1])
                else { continue }
                let module = String(words[place + 1].prefix { $0 != "." })
                #expect(
                    Self.allowed[target]?.contains(module) == true,
                    "\(path): \(target) must not import \(module)")
            }
        }
    }

    @Test("one file knows cryptography")
    func cryptography() throws {
        let files = try Self.swiftFiles(under: "Sources").filter {
            $0.lines.contains("import Crypto")
        }
        #expect(
            files.map(\.path).map { $0.split(separator: "/").last } == [
                "MessageAuthenticator.swift"
            ])
    }

    @Test("every source folder is in the table")
    func complete() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appending(path: "Sources").path()
        ).filter { !$0.contains(".") }
        #expect(Set(folders) == Set(Self.allowed.keys))
    }

    @Test("no file is longer than 400 lines", arguments: ["Sources", "Tests"])
    func length(folder: String) throws {
        for (path, lines) in try Self.swiftFiles(under: folder) {
            #expect(lines.count <= 400, "\(path) has \(lines.count) lines")
        }
    }

    @Test("nothing is public, nothing traps on purpose")
    func words() throws {
        for (path, lines) in try Self.swiftFiles(under: "Sources") {
            for (number, line) in lines.enumerated() {
                for word in ["public ", "try! ", "fatalError(", "@testable", "as! "]
                where line.contains(word) && !line.trimmingPrefix(" ").hasPrefix("//") {
                    Issue.record("\(path):\(number + 1): \(word)")
                }
            }
        }
    }

    @Test("every file begins by saying what it holds")
    func headers() throws {
        for (path, lines) in try Self.swiftFiles(under: "Sources") {
            #expect(lines.first?.hasPrefix("// ") == true, "\(path) has no header")
        }
    }
}

extension StringProtocol {
    fileprivate func trimmingPrefix(_ character: Character) -> SubSequence {
        drop { $0 == character }
    }
}

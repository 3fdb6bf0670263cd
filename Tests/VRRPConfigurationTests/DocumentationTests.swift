// What users copy must load: every example, and every block of the manual.

import Foundation
import Testing
import VRRPConfiguration

@Suite("Documentation")
struct DocumentationTests {
    @Test("every example loads on each of its nodes", arguments: ["gw1", "gw2"])
    func examples(node: String) throws {
        let examples = repository.appendingPathComponent("conf/examples")
        let found = try files(in: examples, suffix: "yaml")
        #expect(found.count >= 7)
        for file in found {
            let text = try String(decoding: Data(contentsOf: file), as: UTF8.self)
            #expect(throws: Never.self, "\(file.lastPathComponent)") {
                try load(text, node: node, credentials: ["vrrp-password": "sesame"])
            }
        }
    }

    @Test("every block of the manual loads on each of its nodes", arguments: ["gw1", "gw2"])
    func manual(node: String) throws {
        let manual = repository.appendingPathComponent("conf/README.md")
        let text = try String(decoding: Data(contentsOf: manual), as: UTF8.self)
        let blocks = text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(blocks.count >= 3)
        for block in blocks {
            #expect(throws: Never.self, "\(block)") {
                try load(
                    block, node: node, environment: ["LAN": "eth1"],
                    credentials: ["vrrp-password": "sesame"])
            }
        }
    }
}

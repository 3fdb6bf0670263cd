// Tests/RFC9568.md: every requirement has its row, every row a verdict, every test that is named exists.

import Foundation
import Testing

@Suite("The requirements of the RFCs")
struct RequirementTests {
    struct Row {
        var id: String
        var verdict: String
    }

    static let verdicts = ["tested", "kernel", "not applicable", "deviation", "not yet"]
    static let root = HouseRulesTests.root

    static func rows() throws -> [Row] {
        let text = try String(
            contentsOf: root.appending(path: "Tests/RFC9568.md"), encoding: .utf8)
        return text.components(separatedBy: "\n").compactMap { line in
            guard let first = line.dropFirst(2).first, "MV".contains(first), line.hasPrefix("| ")
            else { return nil }
            let cells = line.components(separatedBy: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            // A row that is cut off has no verdict.
            return Row(id: cells[1], verdict: cells.count == 7 ? cells[5] : "")
        }
    }

    /// What is written `Tests/FILE::FUNCTION` or `Tests/FILE: "NAME"`: the file, and how the
    /// test's name is written there.
    static func tests(in verdict: String) -> [(path: String, name: String)] {
        verdict.components(separatedBy: "`").compactMap { code in
            guard code.hasPrefix("Tests/") else { return nil }
            let python = code.components(separatedBy: "::")
            if python.count == 2 { return (python[0], "\ndef \(python[1])(") }
            let swift = code.components(separatedBy: ".swift: ")
            guard swift.count == 2, swift[1].hasPrefix("\"") else { return (code, "") }
            return (swift[0] + ".swift", swift[1])
        }
    }

    @Test("every requirement is there once")
    func complete() throws {
        let wanted = (1...103).map { "M\($0)" } + (1...12).map { "V\($0)" }
        #expect(try Self.rows().map(\.id) == wanted)
    }

    @Test("every row has a verdict, and one that is tested names its tests")
    func judged() throws {
        for row in try Self.rows() {
            let verdict = Self.verdicts.first { row.verdict.hasPrefix($0 + ":") }
            #expect(verdict != nil, "\(row.id) has no verdict: \(row.verdict)")
            // Beyond the word, a reason.
            #expect(row.verdict.count > (verdict?.count ?? 0) + 2, "\(row.id) gives no reason")
            if verdict == "tested" || verdict == "deviation" {
                #expect(!Self.tests(in: row.verdict).isEmpty, "\(row.id) names no test")
            }
        }
    }

    @Test("every test that is named exists")
    func named() throws {
        var texts: [String: String] = [:]
        for row in try Self.rows() {
            for (path, name) in Self.tests(in: row.verdict) {
                if texts[path] == nil {
                    texts[path] = try? String(
                        contentsOf: Self.root.appending(path: path), encoding: .utf8)
                }
                #expect(
                    !name.isEmpty && texts[path]?.contains(name) == true,
                    "\(row.id): no \(name) in \(path)")
            }
        }
    }
}

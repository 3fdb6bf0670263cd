// Every file of the fuzzer's corpora, and everything that it ever found, in an ordinary build.

import Foundation
import FuzzTargets
import Testing

@Suite("What the fuzzer knows")
struct ReplayTests {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()

    static func files(_ folder: String, _ target: FuzzTarget) -> [URL] {
        let place = root.appending(path: folder).appending(path: target.rawValue)
        let files = try? FileManager.default.contentsOfDirectory(
            at: place, includingPropertiesForKeys: nil)
        return (files ?? []).sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    @Test("every file of the corpora keeps the promises", arguments: FuzzTarget.allCases)
    func corpus(target: FuzzTarget) throws {
        let files = Self.files("Corpus", target)
        #expect(!files.isEmpty)
        for file in files + Self.files("Regressions", target) {
            let input = [UInt8](try Data(contentsOf: file))
            do throws(BrokenPromise) {
                try target.run(input)
            } catch {
                Issue.record("\(file.lastPathComponent): \(error)")
            }
        }
    }

    @Test("the corpora stay small", arguments: FuzzTarget.allCases)
    func size(target: FuzzTarget) throws {
        let sizes = try Self.files("Corpus", target).map { try Data(contentsOf: $0).count }
        #expect(sizes.count <= 150)
        #expect(sizes.reduce(0, +) <= 300_000)
    }
}

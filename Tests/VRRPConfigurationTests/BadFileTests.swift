// Every file in Bad/ with the whole text of what is said about it. With VRRP_WRITE_EXPECTED=1 the
// expected texts are written instead; read the difference before you keep it.

import Foundation
import Testing
import VRRPConfigurationFile

@Suite("Bad files")
struct BadFileTests {
    static let directory = testDirectory.appendingPathComponent("Bad")

    @Test("every bad file is refused with exactly its expected text")
    func wholeText() throws {
        let cases = try files(in: Self.directory, suffix: "yaml")
        #expect(cases.count >= 45)
        for file in cases {
            let expectedFile = file.deletingPathExtension().appendingPathExtension("expected")
            let said = try diagnostics(of: file) + "\n"
            if ProcessInfo.processInfo.environment["VRRP_WRITE_EXPECTED"] == "1" {
                try Data(said.utf8).write(to: expectedFile)
            }
            let expected = try String(decoding: Data(contentsOf: expectedFile), as: UTF8.self)
            #expect(said == expected, "\(file.lastPathComponent)")
        }
    }

    private func diagnostics(of file: URL) throws -> String {
        var sources = [
            SourceFile(name: file.lastPathComponent, text: Array(try Data(contentsOf: file)))
        ]
        let dropIn = file.deletingPathExtension().appendingPathExtension("dropin")
        if let bytes = try? Data(contentsOf: dropIn) {
            sources.append(SourceFile(name: dropIn.lastPathComponent, text: Array(bytes)))
        }
        let loader = ConfigurationLoader(
            node: "gw1", nodeIsOverride: false, environment: [:], credential: { _ in nil })
        do {
            _ = try loader.load(sources)
            return "accepted"
        } catch {
            return error.rendered()
        }
    }
}

// What the tests of this target share: loading text, and finding the files of the repository.

import Foundation
import VRRPConfiguration
import VRRPConfigurationFile

func load(
    _ texts: String..., node: String = "gw1", override: Bool = false,
    environment: [String: String] = [:], credentials: [String: String] = [:]
) throws(InvalidConfiguration) -> Configuration {
    let loader = ConfigurationLoader(
        node: node, nodeIsOverride: override, environment: environment,
        credential: { credentials[$0] })
    return try loader.load(
        texts.enumerated().map {
            SourceFile(name: "\($0.offset).yaml", text: Array($0.element.utf8))
        })
}

/// A file with one router and the given keys in addition.
func pair(_ keys: String...) -> String {
    """
    routers:
      lan:
        interface: eth1
        vrid: 51
        addresses: [192.0.2.1/24]

    """ + keys.map { "    \($0)\n" }.joined()
}

let testDirectory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
let repository = testDirectory.deletingLastPathComponent().deletingLastPathComponent()

func files(in directory: URL, suffix: String) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        .filter { $0.pathExtension == suffix }
        .sorted { $0.lastPathComponent < $1.lastPathComponent }
}

import LinuxNetwork
import VRRPConfiguration
import VRRPConfigurationFile
import VRRPEngine
struct OfficeOptions: Sendable { var configurationPath: String; var node: String?; var controlSocket: String?; var version: String }
enum ConfigurationFiles {
    static func load(path: String, node: String?) throws(InvalidConfiguration) -> Configuration {
        let text = (try? readFile(path, limit: 1 << 22)) ?? []
        return try ConfigurationLoader(node: node ?? hostName(), nodeIsOverride: node != nil, environment: environment(), credential: { _ in nil }).load([SourceFile(name: path, text: text)])
    }
}
final class Office: Sendable {
    let inbox: Mailbox<OfficeMessage>
    init(options: OfficeOptions, configuration: Configuration, inbox: Mailbox<OfficeMessage>, engine: Mailbox<EngineMessage>) throws(SystemError) { self.inbox = inbox }
    func run() {
        guard var poller = try? Poller() else { return }
        try? poller.add(inbox.rawDescriptor, token: 1)
        while true {
            try? poller.wait(milliseconds: -1) { _, _ in }
            while let m = inbox.take() {
                writeStandardError("\(m)\n")
                if case .stopping = m { return }
            }
        }
    }
}

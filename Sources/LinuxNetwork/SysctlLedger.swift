// Settings of the kernel that we change, and what they were before. A file remembers it too, so that
// whoever comes after a killed daemon can put it right.

import Glibc

/// A setting, or the ledger's own file, that could not be read or written.
package struct SysctlFailure: Equatable, Sendable {
    package let path: String
    package let error: SystemError
}

package struct SysctlLedger: Sendable {
    private struct Entry: Equatable, Sendable {
        let path: String
        let before: String
        var written: String
    }

    private let file: String
    /// This start of the machine and this namespace: what was noted in others is void.
    private let place: String
    private var entries: [Entry] = []

    /// Reads what a predecessor left. A file that makes no sense, or tells of another start of the
    /// machine, is as none.
    package init(file: String) {
        self.file = file
        place = Self.currentPlace()
        guard let bytes = try? readFile(file, limit: Self.fileLimit) else { return }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.first.map(String.init) == place else { return }
        entries = lines.dropFirst().compactMap(Self.entry)
    }

    /// The settings that have another value than before us.
    package var changedPaths: [String] { entries.map(\.path) }

    /// Gives the settings their values, and those that are not wanted any more their old ones, if
    /// they still have ours: what somebody else has changed since is left alone. A setting that does
    /// not exist is skipped; one that has its value already is not ours. Returns what went wrong,
    /// which keeps nothing else from being done.
    ///
    /// `keepingOthers`: nothing gets its old value yet. A new daemon asks for that until what its
    /// predecessor left on the interfaces is gone.
    package mutating func apply(
        _ wanted: [SysctlSetting], keepingOthers: Bool = false
    ) -> [SysctlFailure] {
        var failures: [SysctlFailure] = []
        let unwanted = entries.filter { entry in
            !keepingOthers && !wanted.contains { $0.path == entry.path }
        }
        let previous = entries
        var writes: [SysctlSetting] = []
        for setting in wanted {
            guard let current = Self.read(setting.path, &failures) else { continue }
            if current == setting.value { continue }
            note(setting, current: current)
            writes.append(setting)
        }
        // First the note, then the deed: we may be killed at any moment.
        if !writes.isEmpty { save(&failures) }
        var failed: Set<String> = []
        for setting in writes where !Self.write(setting.value, to: setting.path, &failures) {
            failed.insert(setting.path)
        }
        var restored: Set<String> = []
        for entry in unwanted where Self.restore(entry, &failures) { restored.insert(entry.path) }
        entries.removeAll { failed.contains($0.path) || restored.contains($0.path) }
        entries += previous.filter { failed.contains($0.path) }
        if !failed.isEmpty || !restored.isEmpty || entries.isEmpty { save(&failures) }
        return failures
    }

    /// Gives every setting its old value, if it still has ours, and removes the file.
    package mutating func restore() -> [SysctlFailure] { apply([]) }
}

// MARK: Entries

extension SysctlLedger {
    private mutating func note(_ setting: SysctlSetting, current: String) {
        guard let index = entries.firstIndex(where: { $0.path == setting.path }) else {
            entries.append(Entry(path: setting.path, before: current, written: setting.value))
            return
        }
        // What is there now is either ours, or a later wish of somebody else's.
        let before = current == entries[index].written ? entries[index].before : current
        entries[index] = Entry(path: setting.path, before: before, written: setting.value)
    }

    /// False when it is to be tried again.
    private static func restore(_ entry: Entry, _ failures: inout [SysctlFailure]) -> Bool {
        let count = failures.count
        guard let current = read(entry.path, &failures) else { return failures.count == count }
        guard current == entry.written else { return true }
        return write(entry.before, to: entry.path, &failures) || failures.count == count
    }

    /// Nil when there is no such setting, or no reading it.
    private static func read(_ path: String, _ failures: inout [SysctlFailure]) -> String? {
        do throws(SystemError) {
            return try Sysctl.read(path)
        } catch {
            failures.append(SysctlFailure(path: path, error: error))
            return nil
        }
    }

    private static func write(
        _ value: String, to path: String, _ failures: inout [SysctlFailure]
    ) -> Bool {
        do throws(SystemError) {
            return try Sysctl.write(value, to: path)
        } catch {
            failures.append(SysctlFailure(path: path, error: error))
            return false
        }
    }
}

// MARK: The file

extension SysctlLedger {
    /// The place, then a line for each: path, value before, value written, tabs between.
    private func save(_ failures: inout [SysctlFailure]) {
        do throws(SystemError) {
            guard !entries.isEmpty else {
                try Self.remove(file)
                return
            }
            var text = place + "\n"
            for entry in entries {
                text += "\(entry.path)\t\(entry.before)\t\(entry.written)\n"
            }
            let new = file + ".new"
            try Self.remove(new)
            try OutputFile(creating: new).append(Array(text.utf8))
            try renameFile(new, to: file)
        } catch {
            failures.append(SysctlFailure(path: file, error: error))
        }
    }

    private static func entry(_ line: Substring) -> Entry? {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 3, Sysctl.isSetting(fields[0]) else { return nil }
        return Entry(path: fields[0], before: fields[1], written: fields[2])
    }

    private static func remove(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            try removeFile(path)
        } catch  where error.code == ENOENT {
            return
        }
    }

    private static func currentPlace() -> String {
        let boot = try? Sysctl.read("/proc/sys/kernel/random/boot_id")
        let namespace = try? linkTarget("/proc/thread-self/ns/net")
        return "# \(boot ?? "-") \(namespace ?? "-")"
    }

    private static let fileLimit = 1 << 20
}

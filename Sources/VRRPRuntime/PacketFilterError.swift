// Why `accept: false` is not enforced, for a person.

package import LinuxNetwork

/// Why the kernel does not filter, in a sentence with what to do.
package enum PacketFilterError: Error, CustomStringConvertible {
    case filter(AddressFilterError)
    /// The file that tells a successor of the table.
    case note(String, SystemError)
    /// What there is cannot be found out.
    case observation(SystemError)

    package var description: String {
        "`accept: false` cannot be enforced, hosts would reach the virtual addresses: \(cause), or"
            + " write `accept: true`"
    }

    /// What failed, and what to do about it.
    var cause: String {
        let table = "inet \(PacketFilter.table)"
        return
            switch self
        {
        case .filter(.occupied):
            "the nftables table `\(table)` exists and belongs to somebody else; delete it (`nft"
                + " delete table \(table)`) or end the program that owns it"
        case .filter(.system(let error)):
            "nftables refuses the table `\(table)` (\(error)); load the kernel module nf_tables"
                + " (`modprobe nf_tables`; Linux 5.12 or later)"
        case .note(let path, let error):
            "nftables is used only with a note of it, and \(path) cannot be written (\(error));"
                + " make it writable"
        case .observation(let error):
            "the kernel does not tell which addresses there are (\(error)); try again"
        }
    }
}

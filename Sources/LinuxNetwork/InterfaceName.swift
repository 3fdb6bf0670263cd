// What an interface is called now.

import Glibc

/// The name of the interface with an index; nil when there is none in this network namespace.
package func interfaceName(of index: Int32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(IF_NAMESIZE)) { name in
        guard let start = name.baseAddress, if_indextoname(UInt32(bitPattern: index), start) != nil
        else { return nil }
        return String(cString: start)
    }
}

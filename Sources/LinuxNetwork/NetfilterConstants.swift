// Numbers of nftables: linux/netfilter/nfnetlink.h and nf_tables.h. Written out, because older
// headers lack some, and because those that are macros are not imported.

enum Netfilter {
    /// NETLINK_NETFILTER.
    static let family: Int32 = 12
    /// NFPROTO_INET: IPv4 and IPv6 in one table.
    static let inet: UInt8 = 1
    /// NFNL_SUBSYS_NFTABLES.
    static let subsystem: UInt16 = 10
    static let batchBegin: UInt16 = 0x10
    static let batchEnd: UInt16 = 0x11
    /// NF_INET_LOCAL_IN: what is about to be delivered to this machine.
    static let localInput: UInt32 = 1
    static let drop: UInt32 = 0
    static let accept: UInt32 = 1

    enum Message: UInt16 {
        case newTable = 0
        case deleteTable = 2
        case newChain = 3
        case newRule = 6
        case newSet = 9
        case newElements = 12
        case deleteElements = 14
        case newObject = 18
    }

    enum Table {
        static let name: Int32 = 1
        static let flags: Int32 = 2
        /// The table belongs to the socket that made it: nobody else can change, flush or delete
        /// it. Linux 5.12.
        static let owned: UInt32 = 0x2
        /// It stays, without an owner, when that socket is closed. Linux 6.9.
        static let persistent: UInt32 = 0x4
    }

    enum Chain {
        static let table: Int32 = 1
        static let name: Int32 = 3
        static let hook: Int32 = 4
        static let policy: Int32 = 5
        static let type: Int32 = 7
        /// Within `hook`.
        static let hookNumber: Int32 = 1
        static let hookPriority: Int32 = 2
    }

    enum Rule {
        static let table: Int32 = 1
        static let chain: Int32 = 2
        static let expressions: Int32 = 4
    }

    enum AddressSet {
        static let table: Int32 = 1
        static let name: Int32 = 2
        static let keyType: Int32 = 4
        static let keyLength: Int32 = 5
        static let id: Int32 = 10
    }

    /// nft(8)'s own numbers of the types of keys, for it to show them; the kernel only keeps them.
    /// In a key of two parts the first is six bits further up.
    enum KeyType {
        static let ipv4Address: UInt32 = 7
        static let ipv6Address: UInt32 = 8
        static let interfaceIndex: UInt32 = 20
        static let interfaceName: UInt32 = 41
        static let bits: UInt32 = 6
    }

    enum Elements {
        static let table: Int32 = 1
        static let addressSet: Int32 = 2
        static let list: Int32 = 3
        /// Within an element.
        static let key: Int32 = 1
    }

    enum Object {
        static let table: Int32 = 1
        static let name: Int32 = 2
        static let type: Int32 = 3
        static let data: Int32 = 4
        static let counter: UInt32 = 1
        /// Within `data` of a counter.
        static let bytes: Int32 = 1
        static let packets: Int32 = 2
    }

    /// NFTA_LIST_ELEM.
    static let listElement: Int32 = 1
    /// Within an expression.
    static let expressionName: Int32 = 1
    static let expressionData: Int32 = 2
    /// NFTA_DATA_VALUE, NFTA_DATA_VERDICT and NFTA_VERDICT_CODE.
    static let dataValue: Int32 = 1
    static let dataVerdict: Int32 = 2
    static let verdictCode: Int32 = 1

    /// Registers of 16 bytes: a key of two parts lies in the first two.
    static let verdictRegister: UInt32 = 0
    static let register1: UInt32 = 1
    static let register2: UInt32 = 2

    /// NFT_META_…
    enum Fact: UInt32 {
        case inputIndex = 4
        case inputName = 6
        case family = 15
        case transport = 16
    }

    enum Comparison: UInt32 {
        case equal = 0
        case atMost = 3
        case atLeast = 5
    }

    /// NFT_PAYLOAD_…_HEADER.
    enum Header: UInt32 {
        case network = 1
        case transport = 2
    }
}

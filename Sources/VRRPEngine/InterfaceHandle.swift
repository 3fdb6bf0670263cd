// How the engine tells interfaces apart whose indexes the kernel gives anew in every network
// namespace.

/// The number of an interface in inputs and effects: the kernel's index, and for an interface of
/// another namespace than the daemon's own the number of that namespace in front of it.
package enum InterfaceHandle {
    private static let indexBits: Int32 = 20
    private static let indexMask: Int32 = 1 << indexBits - 1
    /// Namespaces are numbered from 1; 0 is the daemon's own.
    package static let lastNamespace: Int32 = 1 << (31 - indexBits) - 1

    /// Nil for numbers that no system reaches: an index of 2²⁰ within a namespace of its own.
    package static func make(index: Int32, namespace: Int32) -> Int32? {
        guard namespace != 0 else { return index }
        guard (0...indexMask).contains(index), (1...lastNamespace).contains(namespace) else {
            return nil
        }
        return Int32.min | namespace << indexBits | index
    }

    package static func namespace(of handle: Int32) -> Int32 {
        handle < 0 ? (handle & Int32.max) >> indexBits : 0
    }

    /// The kernel's index.
    package static func index(of handle: Int32) -> Int32 {
        handle < 0 ? handle & indexMask : handle
    }

    /// Any interface of the namespace of this one: the kernel's index 0.
    package static func anywhere(near handle: Int32) -> Int32 {
        handle < 0 ? handle & ~indexMask : 0
    }
}

// The two functions that libFuzzer looks for. Only `Tests/fuzz` builds this: the target exists
// when VRRP_FUZZ is set, and libFuzzer brings the `main`.

import FuzzTargets

nonisolated(unsafe) private var target = FuzzTarget.packet

/// Takes `--target=NAME` from the arguments. libFuzzer itself ignores what begins with two dashes,
/// and hands it on to the processes that it starts.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<Int32>,
    _ values: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
    let option = "--target="
    for index in 0..<Int(count.pointee) {
        guard let value = values.pointee[index] else { continue }
        let text = String(cString: value)
        guard text.hasPrefix(option) else { continue }
        guard let named = FuzzTarget(rawValue: String(text.dropFirst(option.count))) else {
            fatalError("there is no target \(text)")
        }
        target = named
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    do throws(BrokenPromise) {
        try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
        return 0
    } catch {
        fatalError("a promise is broken: \(error)")
    }
}

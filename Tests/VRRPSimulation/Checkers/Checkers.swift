// The properties, each its own small machine that reads records. A property knows nothing of the
// engine, so that records written by hand can prove that it notices.

package struct Checkers: Sendable {
    var speech: OnlyActivesSpeak
    var rivals: RivalsYield
    var calm: OneRightfulActive
    var cover: LossIsCovered
    var needless: NoNeedlessTakeover
    var announced: AddressesAreAnnounced

    package init(nodeCount: Int, routerCount: Int) {
        speech = OnlyActivesSpeak(nodeCount: nodeCount, routerCount: routerCount)
        rivals = RivalsYield(nodeCount: nodeCount, routerCount: routerCount)
        calm = OneRightfulActive(routerCount: routerCount)
        cover = LossIsCovered()
        needless = NoNeedlessTakeover(nodeCount: nodeCount, routerCount: routerCount)
        announced = AddressesAreAnnounced(nodeCount: nodeCount, routerCount: routerCount)
    }

    /// The roster must be up to date with the record.
    package mutating func see(_ record: Record, _ roster: Roster) -> Violation? {
        let found: (String, String)? =
            if let text = speech.see(record, roster) {
                ("only an Active Router advertises", text)
            } else if let text = rivals.see(record, roster) {
                ("rivals yield", text)
            } else if let text = calm.see(record, roster) {
                ("one rightful Active Router", text)
            } else if let text = cover.see(record, roster) {
                ("a loss is covered in time", text)
            } else if let text = needless.see(record, roster) {
                ("no needless takeover", text)
            } else if let text = announced.see(record, roster) {
                ("addresses are announced", text)
            } else {
                nil
            }
        return found.map { Violation(property: $0.0, time: record.time, text: $0.1) }
    }
}

/// A number for each virtual router on each machine.
struct Grid<Value: Sendable>: Sendable {
    private var values: [Value]
    private let routerCount: Int

    init(_ value: Value, nodeCount: Int, routerCount: Int) {
        values = Array(repeating: value, count: nodeCount * routerCount)
        self.routerCount = routerCount
    }

    subscript(node: Int, router: Int) -> Value {
        get { values[node * routerCount + router] }
        set { values[node * routerCount + router] = newValue }
    }

    mutating func fill(_ value: Value) {
        for index in values.indices { values[index] = value }
    }
}

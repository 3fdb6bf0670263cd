// "Did you mean": the nearest of a few known words.

/// The word that was probably meant, nil when none is near.
func nearest(to word: String, among candidates: [String]) -> String? {
    // Longer words than any key are not typing errors, and the distance costs their length squared.
    guard word.utf8.count <= 40 else { return nil }
    let lowered = word.lowercased().replacing("_", with: "-")
    let ranked = candidates.map { ($0, editDistance(lowered, $0)) }
    guard let best = ranked.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }) else { return nil }
    // As many changes as letters is not the same word.
    let limit = min(max(1, best.0.utf8.count / 3), best.0.utf8.count - 1)
    return best.1 <= limit ? best.0 : nil
}

/// Insertions, deletions, substitutions and swaps of neighbours between two words.
func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left.utf8)
    let right = Array(right.utf8)
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                best = min(best, beforeLast[j - 1] + 1)
            }
            row.append(best)
        }
        beforeLast = last
        last = row
    }
    return last[right.count]
}

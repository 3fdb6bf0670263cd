// Times and durations as text: RFC 3339 for machines and logs, short words for people.

/// RFC 3339 in UTC with milliseconds, of a duration since 1970-01-01T00:00:00Z.
package func rfc3339(sinceEpoch: Duration) -> String {
    let (wholeSeconds, attoseconds) = sinceEpoch.components
    let milliseconds =
        wholeSeconds.multipliedReportingOverflow(by: 1000).partialValue
        &+ attoseconds / 1_000_000_000_000_000
    let (days, ofDay) = flooredDivision(milliseconds, 86_400_000)
    let date = civilDate(daysSinceEpoch: days)
    let seconds = ofDay / 1000
    return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T"
        + padded(seconds / 3600, 2) + ":" + padded(seconds / 60 % 60, 2) + ":"
        + padded(seconds % 60, 2) + "." + padded(ofDay % 1000, 3) + "Z"
}

/// A measured or configured duration: `3.609 s`, `200 ms`, `78.125 us`.
package func text(of duration: Duration) -> String {
    if duration < .zero { return "-" + text(of: .zero - duration) }
    if duration >= .seconds(1) || duration == .zero { return decimal(duration, .seconds(1)) + " s" }
    if duration >= .milliseconds(1) { return decimal(duration, .milliseconds(1)) + " ms" }
    return decimal(duration, .microseconds(1)) + " us"
}

/// How long something has lasted, in its two largest units: `8m 12s`, `3d 4h`.
package func age(milliseconds: Int) -> String {
    let seconds = max(0, milliseconds) / 1000
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400)
    if days > 0 { return "\(days)d \(hours % 24)h" }
    if hours > 0 { return "\(hours)h \(minutes % 60)m" }
    if minutes > 0 { return "\(minutes)m \(seconds % 60)s" }
    return "\(seconds)s"
}

extension Duration {
    /// In milliseconds, exact to the nanosecond.
    package var inMilliseconds: Double { Double(nanoseconds) / 1e6 }
    /// In microseconds, exact to the nanosecond.
    package var inMicroseconds: Double { Double(nanoseconds) / 1e3 }
    /// Whole milliseconds, rounded down.
    package var wholeMilliseconds: Int { Int(nanoseconds / 1_000_000) }

    /// Saturates after 292 years.
    private var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || carry ? (seconds < 0 ? .min : .max) : sum
    }
}

/// At most three decimals, rounded down, without trailing zeros.
private func decimal(_ duration: Duration, _ unit: Duration) -> String {
    let thousandths = Int((duration / unit * 1000 + 1e-6).rounded(.down))
    var text = "\(thousandths / 1000)"
    guard thousandths % 1000 != 0 else { return text }
    text += "." + padded(thousandths % 1000, 3)
    while text.hasSuffix("0") { text.removeLast() }
    return text
}

private func padded(_ number: some BinaryInteger, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

private func flooredDivision(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
    let remainder = ((value % divisor) + divisor) % divisor
    return ((value - remainder) / divisor, remainder)
}

/// The Gregorian date, counted in years that begin on 1 March and eras of 400 years, so that the
/// leap day is the last of its year.
private func civilDate(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = flooredDivision(days + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}

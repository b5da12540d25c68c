import Mail

/// What the scheduler goes by when it decides about a delivery's next step.
struct WorkRules: Hashable, Sendable {
    var retry = RetrySchedule()
    /// How long the holder of a claim may stay silent once another sender has met the claim.
    var claimGrace: Duration = .seconds(900)
    /// How long the holder of a claim may stay silent at all.
    var claimLimit: Duration = .seconds(21_600)
    /// The most times that an uncertain delivery is sent again without being asked; then a person decides.
    var resends = 5
    /// The most attempts in a row whose sender ended before the message could have left; then the delivery fails.
    var abandonments = 10
    /// How many of those are made up for at once; further ones wait as deferrals do.
    var abandonmentsAtOnce = 3
    /// By recipients' domains.
    var destinations = LimitTable()
    var organizations = LimitTable()
}

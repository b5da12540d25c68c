import Foundation
import Mail
import Testing

@Suite("What a refusal means")
struct VerdictTests {
    @Test(
        "only a permanent refusal of the address or the domain suppresses it; what is said about us never falls back on the person")
    func suppression() {
        for bounceClass in BounceClass.allCases {
            for reason in BounceReason.allCases {
                let suppress = Verdict(class: bounceClass, reason: reason, certain: true).suppress
                switch (bounceClass, reason) {
                case (.hard, .addressUnknown), (.hard, .movedOrDisabled): #expect(suppress == .address)
                case (.hard, .domainUnknown): #expect(suppress == .domain)
                default: #expect(suppress == .none)
                }
            }
        }
    }

    @Test("travels with the verdict")
    func wire() throws {
        let verdict = Verdict(class: .hard, reason: .addressUnknown, certain: true)
        let json = try Wire.encode(verdict)
        #expect(String(decoding: json, as: UTF8.self).contains(#""suppress":"address""#))
        #expect(try Wire.decode(Verdict.self, from: json) == verdict)
    }

    @Test("there is advice for every reason and class, in whole sentences", arguments: BounceReason.allCases)
    func advice(reason: BounceReason) {
        for bounceClass in BounceClass.allCases {
            let advice = reason.advice(for: bounceClass)
            #expect(advice.hasSuffix(".") && advice.count > 30 && advice.count < 200)
        }
    }
}

import Testing

@testable import SMTP

struct SMTPTimeoutsTests {
    @Test("one number is for all stages; named ones leave the others as RFC 5321 has them")
    func reads() throws {
        #expect(try #require(SMTPTimeouts("30")) == SMTPTimeouts(all: .seconds(30)))
        let some = try #require(SMTPTimeouts("connect=5  dot=900 block=1"))
        var expected = SMTPTimeouts()
        expected.connect = .seconds(5)
        expected.dot = .seconds(900)
        expected.block = .seconds(1)
        #expect(some == expected)
    }

    @Test(
        "what is no time is refused",
        arguments: ["soon", "0", "3601", "-1", "dot", "dot=", "dot=0", "dot=1=2", "lunch=5", "5 dot=5"])
    func refuses(text: String) {
        #expect(SMTPTimeouts(text) == nil)
    }
}

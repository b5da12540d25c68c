import Foundation
import Mail
import Runtime
import Testing

@testable import Scheduler

@Suite("Admission")
struct AdmissionTests {
    typealias Breakage = @Sendable (inout Submission) -> Void

    private func faults(of submission: Submission, limits: AdmissionLimits = AdmissionLimits()) -> [String?] {
        do {
            _ = try Samples.admit(submission, limits: limits)
            return []
        } catch let refusal as Admission.Refusal {
            return refusal.faults.map(\.pointer)
        } catch {
            Issue.record(error)
            return []
        }
    }

    private static let breakages: [(String, Breakage)] = [
        ("/kind", { $0.kind = "" }), ("/kind", { $0.kind = "two words" }), ("/kind", { $0.kind = "a\r\nb" }),
        ("/kind", { $0.kind = String(repeating: "k", count: 129) }),
        ("/collection", { $0.collection = "a/b" }), ("/collection", { $0.collection = "" }),
        ("/name", { $0.name = "a\u{0}b" }), ("/name", { $0.name = " " }),
        ("/name", { $0.name = String(repeating: "n", count: 256) }),
        ("/subject", { $0.subject = "Hello\r\nBcc: eve@example.com" }), ("/subject", { $0.subject = "a\rb" }),
        ("/subject", { $0.subject = "a\nb" }), ("/subject", { $0.subject = "a\u{2028}b" }),
        ("/subject", { $0.subject = "a\u{85}b" }),
        ("/subject", { $0.subject = "a\u{7F}" }), ("/subject", { $0.subject = "\u{202E}fdp.exe" }),
        ("/subject", { $0.subject = "" }),
        ("/subject", { $0.subject = String(repeating: "s", count: 999) }), ("/subject", { $0.subject = "{{/name}}" }),
        ("/from/name", { $0.from.name = "Studio\r\nX: y" }), ("/from/name", { $0.from.name = String(repeating: "n", count: 256) }),
        (
            "",
            {
                $0.html = nil; $0.text = nil
            }
        ),
        (
            "",
            {
                $0.html = ""; $0.text = nil
            }
        ),
        ("/html", { $0.html = String(repeating: "h", count: 2 << 20) }),
        (
            "/text",
            {
                $0.html = nil; $0.text = String(repeating: "h", count: (2 << 20) + 1)
            }
        ),
        ("/html", { $0.html = "a\u{0}" }), ("/html", { $0.html = "{{> secret}}" }), ("/text", { $0.text = "{{#open}}" }),
        ("/recipients/0/name", { $0.recipients[0].name = "Ann\r\nRCPT TO:<x@y>" }),
        ("/recipients/0/address", { $0.recipients[0].address = "a@b.example>\r\nRCPT TO:<x@y.example" }),
        ("/recipients/0/address", { $0.recipients[0].address = String(repeating: "a", count: 1001) }),
        ("/recipients/0/variables", { $0.recipients[0].variables = [:] }),
        ("/recipients/0/variables", { $0.recipients[0].variables = nil }),
        ("/recipients/0/variables/name", { $0.recipients[0].variables?["name"] = "Ann\r\nBcc: eve@example.com" }),
        ("/recipients/0/variables/a~1b", { $0.recipients[0].variables?["a/b"] = "x" }),
        ("/recipients/0/variables/other", { $0.recipients[0].variables?["other"] = "\u{0}" }),
        ("/recipients/0/variables", { $0.recipients[0].variables?["big"] = String(repeating: "v", count: 65 << 10) }),
        ("/recipients/0/variables", { for n in 0...100 { $0.recipients[0].variables?["v\(n)"] = "" } }),
        ("/attachments/0/name", { $0.attachments?[0].name = "../etc/passwd" }),
        ("/attachments/0/name", { $0.attachments?[0].name = "a\\b" }),
        ("/attachments/0/name", { $0.attachments?[0].name = ".." }), ("/attachments/0/name", { $0.attachments?[0].name = "" }),
        ("/attachments/0/name", { $0.attachments?[0].name = "a.pdf\r\nX: y" }),
        ("/attachments/0/type", { $0.attachments?[0].type = "pdf" }),
        ("/attachments/0/type", { $0.attachments?[0].type = "a/b; c=d" }),
        ("/attachments/0/type", { $0.attachments?[0].type = "multipart/mixed" }),
        ("/attachments/0/type", { $0.attachments?[0].type = "a/b\r\nX: y" }),
        ("/attachments/0/contentID", { $0.attachments?[0].contentID = "a b" }),
        ("/attachments/0/contentID", { $0.attachments?[0].contentID = "" }),
        ("/attachments/0/contentID", { $0.attachments?[0].contentID = "a@b@c" }),
        ("/attachments/0/contentID", { $0.attachments?[0].contentID = "a>\r\nX: y" }),
        (
            "/attachments/0/contentID",
            {
                $0.attachments?[0].contentID = "logo"; $0.html = nil; $0.text = "x {{name}}"
            }
        ),
        (
            "/attachments/1/contentID",
            {
                var image = Samples.attachment
                image.contentID = "logo@x"
                $0.attachments = [image, image]
            }
        ),
        ("/attachments", { $0.attachments?[0].content = Data(count: 20 << 20) }),
        ("/attachments", { $0.attachments = Array(repeating: Samples.attachment, count: 101) }),
        ("/sendAt", { $0.sendAt = "tomorrow" }), ("/sendAt", { $0.sendAt = "2026-12-01T09:00:00" }),
        ("/sendAt", { $0.sendAt = "2026-12-01T09:00:00[Mars/Olympus]" }), ("/sendAt", { $0.sendAt = "2026-02-30T09:00:00Z" }),
        ("/sendAt", { $0.sendAt = "2026-12-01T09:00:00[../../etc/passwd]" }),
    ]

    @Test("refuses each thing that is wrong, and says where", arguments: breakages.indices)
    func wrong(index: Int) throws {
        let (pointer, breakage) = Self.breakages[index]
        let submission = try Samples.submission {
            $0.attachments = [Samples.attachment]
            breakage(&$0)
        }
        #expect(faults(of: submission) == [pointer])
    }

    @Test("names all faults at once")
    func allAtOnce() throws {
        let submission = try Samples.submission(to: ["ann@example.net", "bob@example.net"]) {
            $0.kind = ""
            $0.subject = "a\nb"
            $0.recipients[1].variables = [:]
            $0.sendAt = "never"
        }
        #expect(faults(of: submission) == ["/kind", "/subject", "/recipients/1/variables", "/sendAt"])
    }

    @Test("says which variables a recipient lacks")
    func missingVariables() throws {
        let submission = try Samples.submission {
            $0.text = "{{place}} {{name}}"; $0.recipients[0].variables = ["name": "Ann"]
        }
        let refusal = #expect(throws: Admission.Refusal.self) { try Samples.admit(submission) }
        #expect(refusal?.faults.first?.detail.contains("{{place}}") == true)
        #expect(refusal?.faults.first?.detail.contains("{{name}}") == false)
    }

    @Test(
        "takes as many recipients as the limit and not one more",
        arguments: [(0, false), (1, true), (150, true), (151, false), (10_000, false)])
    func limit(count: Int, isAdmitted: Bool) throws {
        let submission = try Samples.submission(to: (0..<count).map { "r\($0)@example.net" })
        #expect(faults(of: submission) == (isAdmitted ? [] : ["/recipients"]))
    }

    @Test("lists a bounded number of faults")
    func manyFaults() throws {
        let submission = try Samples.submission(to: (0..<150).map { "r\($0)@example.net" }) {
            for index in $0.recipients.indices { $0.recipients[index].name = "\r" }
        }
        #expect(faults(of: submission).count == 101)
    }

    @Test("refuses the same address twice in the same line, whatever its case")
    func duplicates() throws {
        #expect(faults(of: try Samples.submission(to: ["ann@example.net", "Ann@Example.NET"])) == ["/recipients/1/address"])
        let both = try Samples.submission(to: ["ann@example.net", "ann@example.net"]) { $0.recipients[1].role = .bcc }
        #expect(faults(of: both).isEmpty)
    }

    @Test("fails only the delivery whose address is wrong", arguments: ["", "bob@", "bob", "bob@example", "a b@example.net"])
    func invalidAddress(address: String) throws {
        let admitted = try Samples.admit(try Samples.submission(to: ["ann@example.net", address]))
        #expect(admitted.recipients.map(\.work.state) == [.pending, .failed])
        #expect(admitted.recipients[1].work.domain == nil)
        guard case .deliveryFailed(let failed)? = admitted.recipients[1].facts.first else {
            Issue.record("no fact")
            return
        }
        #expect(failed.reason == .invalidAddress)
        #expect(failed.detail?.isEmpty == false)
    }

    @Test("shows everyone in the lines of shared mail, and nobody in those of mass mail or for Bcc")
    func visibleLines() throws {
        let submission = try Samples.submission(to: ["ann@example.net", "bob@example.net", "cy@example.net", "bad@"]) {
            $0.audience = .direct
            $0.recipients[1].role = .cc
            $0.recipients[2].role = .bcc
        }
        let content = try Samples.admit(submission).accepted.content
        #expect(content.to.map(\.address.description) == ["ann@example.net"])
        #expect(content.cc.map(\.address.description) == ["bob@example.net"])
        let mass = try Samples.admit(try Samples.submission(to: ["ann@example.net", "bob@example.net"]))
        #expect(mass.accepted.audience == .mass)
        #expect(mass.accepted.content.to.isEmpty)
    }

    @Test(
        "schedules what is for later and queues what is for now",
        arguments: [
            (nil, .pending), ("2026-12-01T07:59:59Z", .pending), ("2026-12-01T08:00:01Z", .scheduled),
            ("2026-12-01T09:00:00+01:00", .pending), ("2026-12-01T09:00:00[Etc/UTC]", .scheduled),
        ] as [(String?, DeliveryState)])
    func sendTime(text: String?, state: DeliveryState) throws {
        #expect(Samples.now.description == "2026-12-01T08:00:00.000000Z")
        #expect(try Samples.admit(try Samples.submission { $0.sendAt = text }).recipients.map(\.work.state) == [state])
    }

    @Test("tells of attachments by name, size and hash only")
    func attachments() throws {
        let admitted = try Samples.admit(try Samples.submission { $0.attachments = [Samples.attachment] })
        let hash = ContentHash(of: Data("terms".utf8))
        #expect(
            admitted.accepted.content.attachments == [
                AttachmentReference(name: "terms.pdf", type: "application/pdf", size: 5, hash: hash)
            ])
        #expect(admitted.attachments.map(\.hash) == [hash])
    }
}

import Foundation
import Mail
import Support
import Testing

/// The documents say what the code does.
@Suite("Documentation")
struct DocumentationTests {
    @Test("operate.md lists every kind of fact, and no other")
    func kinds() throws {
        let text = try String(contentsOf: Repository.root.appending(path: "compose/operate.md"), encoding: .utf8)
        let list = try #require(text.components(separatedBy: "<!-- kinds").last?.components(separatedBy: "<!-- /kinds").first)
        let named = list.components(separatedBy: "`").filter { $0.contains(".") && !$0.contains(" ") }
        #expect(Set(named) == Set(Fact.Kind.allCases.map(\.rawValue)))
    }

    @Test(
        "the README's table has every setting of every service with its default, and no other",
        arguments: Installation.Program.allCases)
    func settings(program: Installation.Program) async throws {
        let printed = try await Executables.run(program.rawValue, ["settings"])
        let asked = try JSONDecoder().decode([Setting].self, from: Data(printed.utf8))
        let readme = try String(contentsOf: Repository.root.appending(path: "README.md"), encoding: .utf8)
        let table = try #require(
            readme.components(separatedBy: "<!-- settings").last?.components(separatedBy: "<!-- /settings").first)
        let rows = table.split(separator: "\n").filter { $0.hasPrefix("| `WAYBILL_") }.map { row in
            row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let own = rows.filter { $0[1] == "all" || $0[1].components(separatedBy: ", ").contains(program.rawValue) }
        let documented = own.map { row in
            // A default that differs by service is written as: scheduler `value`; sender `value`, and so on.
            let value = row[2].components(separatedBy: "; ").first { $0.hasPrefix("\(program.rawValue) `") } ?? row[2]
            let bare = value.components(separatedBy: "`").dropFirst().first
            return Setting(key: row[0].components(separatedBy: "`")[1], default: bare, isSecret: row[0].contains("†"))
        }
        #expect(documented.sorted() == asked.sorted())
    }

    struct Setting: Comparable, Codable, CustomStringConvertible {
        let key: String
        let `default`: String?
        let isSecret: Bool
        static func < (one: Setting, other: Setting) -> Bool { one.key < other.key }
        var description: String { "\(key)=\(`default` ?? "-")\(isSecret ? "†" : "")" }
    }
}

import Mail
import Testing

@Suite("A template")
struct TemplateTests {
    @Test(
        "names the variables that every recipient must have",
        arguments: [
            ("Hello", []), ("Hello {{name}}", ["name"]), ("{{{raw}}} {{&plain}} {{ spaced }}", ["raw", "plain", "spaced"]),
            ("{{! a remark }}{{a}}", ["a"]), ("{{#name}}Hi {{name}}{{/name}}{{^name}}Hi{{/name}}", []),
            ("{{#name}}{{place}}{{/name}}", ["place"]), ("a { b } {c} }} d", []), ("ü{{größe}}", nil),
            ("{{a}}{{a}}{{b-1}}", ["a", "b-1"]),
        ] as [(String, Set<String>?)])
    func variables(text: String, needed: Set<String>?) throws {
        guard let needed else {
            #expect(throws: Template.Invalid.self) { try Template(text) }
            return
        }
        #expect(try Template(text).needed == needed)
    }

    @Test(
        "is refused, in words, where it asks for more than variables",
        arguments: [
            ("{{name", "closed"), ("{{{name}}", "closed"), ("{{}}", "name of a variable"), ("{{a b}}", "name of a variable"),
            ("{{> partial}}", "not supported"), ("{{=<% %>=}}", "not supported"), ("{{<layout}}", "not supported"),
            ("{{$b}}", "not supported"),
            ("{{#a}}x", "not closed"), ("{{/a}}", "not opened"), ("{{#a}}{{#b}}{{/a}}{{/b}}", "not opened"),
            ("{{upper(name)}}", "name of a variable"),
            (String(repeating: "{{#a}}", count: 9), "nested"), ("{{\(String(repeating: "n", count: 65))}}", "name of a variable"),
            ("{{.}}", "name of a variable"), ("{{a.b}}", "name of a variable"),
        ])
    func refused(text: String, because: String) {
        let error = #expect(throws: Template.Invalid.self) { try Template(text) }
        #expect(error?.description.contains(because) == true, "\(String(describing: error))")
    }

    @Test("is read in time that grows with its length only")
    func hostile() throws {
        _ = try Template(String(repeating: "{ ", count: 500_000))
        #expect(throws: Template.Invalid.self) { try Template(String(repeating: "{{{{", count: 200_000)) }
    }
}

import Foundation
import Support

/// Which signatures of a message hold, by their algorithm's name.
typealias HeldSignatures = Set<String>

/// Two verifiers that are not ours, without the DNS.
struct DKIMOracle {
    /// The TXT records: text by name.
    let records: [String: String]

    private let folder: TemporaryFolder

    init(records: [String: String]) throws {
        self.records = records
        folder = try TemporaryFolder()
        try JSONEncoder().encode(records).write(to: folder.url.appending(path: "records.json"))
        let lines = records.map { "\($0.key) \($0.value)\n" }.joined()
        try Data(lines.utf8).write(to: folder.url.appending(path: "records"))
        let settings = "Mode v\nSyslog no\nUserID root\nTestDNSData file:\(folder.path)records\nTemporaryDirectory \(folder.path)\n"
        try Data(settings.utf8).write(to: folder.url.appending(path: "opendkim.conf"))
    }

    /// What Python's `dkim` says of each message.
    func dkimpy(_ messages: [[UInt8]]) throws -> [HeldSignatures] {
        let files = try write(messages)
        let printed = try ChildProcess.run("/usr/bin/python3", ["-c", Self.script, folder.path + "records.json"] + files)
        return try JSONDecoder().decode([HeldSignatures].self, from: printed)
    }

    /// What OpenDKIM's filter says of each message, in its test mode.
    func opendkim(_ messages: [[UInt8]]) throws -> [HeldSignatures] {
        let files = try write(messages)
        // Twice verbose, it prints the header that it would add to each message, and on standard error every step.
        let printed = try ChildProcess.run(
            "/bin/sh",
            [
                "-c", "exec /usr/sbin/opendkim -v -v -x \"$1\" -t \"$2\" 2>/dev/null", "sh", folder.path + "opendkim.conf",
                files.joined(separator: ","),
            ])
        let blocks = String(decoding: printed, as: UTF8.self).components(separatedBy: "### INSHEADER").dropFirst()
        guard blocks.count == messages.count else {
            throw Trouble(
                "opendkim spoke of \(blocks.count) messages, not \(messages.count): \(String(decoding: printed, as: UTF8.self))")
        }
        return blocks.map { block in
            Set(
                block.components(separatedBy: "dkim=").filter { $0.hasPrefix("pass") }.compactMap { result in
                    result.components(separatedBy: "header.a=").dropFirst().first?.components(separatedBy: " ").first
                })
        }
    }

    /// As a server gets them: SMTP ends the last line of each.
    private func write(_ messages: [[UInt8]]) throws -> [String] {
        try messages.enumerated().map { index, message in
            let file = folder.url.appending(path: "\(index).eml")
            try Data(message.suffix(2) == [0x0D, 0x0A] ? message : message + [0x0D, 0x0A]).write(to: file)
            return file.path(percentEncoded: false)
        }
    }

    private static let script = """
        import dkim, json, sys
        records = json.load(open(sys.argv[1]))
        def find(name, timeout=5): return records.get(name.decode().rstrip('.'), '').encode()
        verdicts = []
        for path in sys.argv[2:]:
            held = []
            for index in (0, 1):
                message = dkim.DKIM(open(path, 'rb').read())
                try:
                    if message.verify(idx=index, dnsfunc=find): held.append(message.signature_fields[b'a'].decode())
                except (dkim.DKIMException, IndexError): pass
            verdicts.append(held)
        print(json.dumps(verdicts))
        """
}

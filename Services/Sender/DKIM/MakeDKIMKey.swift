import ArgumentParser
import Foundation
import Mail
import Runtime

struct MakeDKIMKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkim-key", abstract: "Make a key that signs a domain's mail, and print its DNS record.",
        discussion: """
            Writes <folder>/<domain>/<selector>.pem for its owner alone to read and prints one line of JSON: the TXT record's name, \
            its value, and both as a line of a zone file. Publish that, then start the sender again: it signs with every key of the \
            domain. For both kinds of signatures make one key of each.
            """)

    @Argument(help: "The domain of the From addresses, or one above it.")
    var domain: String

    @Option(help: "The name of the key in the DNS (default: waybill-rsa or waybill-ed25519).")
    var selector: String?

    @Option(help: "rsa, which every server understands, or ed25519, to go with it.")
    var algorithm = DKIMKey.Algorithm.rsa

    @Option(help: "The size of an RSA key, 2048 to 4096.")
    var bits = DKIMKey.rsaSizes.lowerBound

    @Option(help: "The folder of keys (default: WAYBILL_DKIM_KEYS, or dkim in WAYBILL_DATA).")
    var out: String?

    @Flag(help: "Print the record of a key that is there instead of making one.")
    var show = false

    func run() async throws {
        guard let domain = DKIMKeyring.domain(domain) else {
            throw ValidationError("\(domain.debugDescription) is no domain, such as example.com.")
        }
        let selector = selector ?? "waybill-\(algorithm.rawValue)"
        guard DKIMKeyring.isSelector(selector) else {
            throw ValidationError("A selector has letters, digits and hyphens, with dots between its parts, such as waybill-rsa.")
        }
        guard DKIMKey.rsaSizes.contains(bits), bits.isMultiple(of: 8) else {
            throw ValidationError(
                "An RSA key has \(DKIMKey.rsaSizes.lowerBound) to \(DKIMKey.rsaSizes.upperBound) bits, such as 2048 or 3072.")
        }
        let file = try folder().appending(path: domain).appending(path: "\(selector).pem")
        let path = file.path(percentEncoded: false)
        let key: DKIMKey
        do {
            if show {
                key = try DKIMKey(pem: try KeyFile.read(file), selector: selector)
            } else {
                key = try DKIMKey(making: algorithm, bits: bits, selector: selector)
                try KeyFile.write(key.pem + "\n", to: file)
            }
        } catch let unfit as DKIMKey.Unfit {
            throw ValidationError("\(path) \(unfit.reason).")
        }
        try FileHandle.standardOutput.write(
            contentsOf: try Wire.encode(DKIMRecord(of: key, domain: domain, file: path)) + Data("\n".utf8))
    }

    private func folder() throws -> URL {
        if let out { return URL(filePath: out, directoryHint: .isDirectory) }
        var settings = Settings(environment: ProcessInfo.processInfo.environment, makesFolders: false)
        return SenderConfiguration.dkimFolder(&settings).folder
    }
}

extension DKIMKey.Algorithm: ExpressibleByArgument {}

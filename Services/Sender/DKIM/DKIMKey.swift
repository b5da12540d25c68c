import Crypto
import CryptoExtras
import Foundation

/// A key that signs mail, and the name under which its public half stands in the DNS.
struct DKIMKey: Sendable {
    /// Such as `waybill-rsa` in `waybill-rsa._domainkey.example.com`.
    let selector: String
    private let key: PrivateKey

    private enum PrivateKey: Sendable {
        case rsa(_RSA.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    enum Algorithm: String, CaseIterable, Sendable {
        case rsa, ed25519
    }

    /// The sizes of RSA keys that sign, in bits: signers should use no fewer than 2048, verifiers need not understand more than
    /// 4096 (RFC 8301, section 3.2).
    static let rsaSizes = 2048...4096

    /// Makes a key.
    /// - Throws: What the cryptographic library says.
    init(making algorithm: Algorithm, bits: Int = rsaSizes.lowerBound, selector: String) throws {
        self.selector = selector
        switch algorithm {
        case .rsa: key = .rsa(try _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits)))
        case .ed25519: key = .ed25519(Curve25519.Signing.PrivateKey())
        }
    }

    /// Reads a key as `openssl` writes it: PKCS #8, or PKCS #1 for RSA.
    /// - Throws: ``Unfit``.
    init(pem: String, selector: String) throws(Unfit) {
        self.selector = selector
        do {
            key = .ed25519(try Curve25519.Signing.PrivateKey(pemRepresentation: pem))
        } catch {
            key = .rsa(try Self.readRSA(pem))
        }
    }

    private static func readRSA(_ pem: String) throws(Unfit) -> _RSA.Signing.PrivateKey {
        let key: _RSA.Signing.PrivateKey
        do {
            key = try _RSA.Signing.PrivateKey(unsafePEMRepresentation: pem)
        } catch CryptoKitError.incorrectParameterSize {
            throw Unfit(reason: "is an RSA key of less than 1024 bits; make one of at least \(rsaSizes.lowerBound)")
        } catch {
            throw Unfit(reason: "holds no RSA or Ed25519 private key in PEM form without a passphrase")
        }
        guard rsaSizes.contains(key.keySizeInBits) else {
            throw Unfit(
                reason: "is an RSA key of \(key.keySizeInBits) bits; make one of \(rsaSizes.lowerBound) to "
                    + "\(rsaSizes.upperBound)")
        }
        return key
    }

    /// Why a file is no key to sign with.
    struct Unfit: Error, Hashable {
        /// Goes on from "…, which".
        let reason: String
    }

    /// PKCS #8.
    var pem: String {
        switch key {
        case .rsa(let key): key.pkcs8PEMRepresentation
        case .ed25519(let key): key.pemRepresentation
        }
    }

    var algorithm: Algorithm {
        switch key {
        case .rsa: .rsa
        case .ed25519: .ed25519
        }
    }

    /// In bits.
    var size: Int {
        switch key {
        case .rsa(let key): key.keySizeInBits
        case .ed25519: 256
        }
    }

    /// What stands in the DNS: `v=DKIM1; k=…; p=…` (RFC 6376, section 3.6.1, and RFC 8463, section 4).
    var record: String {
        let published =
            switch key {
            case .rsa(let key): key.publicKey.derRepresentation
            case .ed25519(let key): key.publicKey.rawRepresentation
            }
        return "v=DKIM1; k=\(algorithm.rawValue); p=\(published.base64EncodedString())"
    }

    /// The signature over canonical header fields whose digest this is (RFC 6376, section 3.3.2, and RFC 8463, section 3).
    func signature(of digest: SHA256.Digest) throws -> Data {
        switch key {
        case .rsa(let key): try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation
        case .ed25519(let key): try key.signature(for: Data(digest))
        }
    }
}

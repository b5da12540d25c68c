// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "waybill",
    products: [
        .executable(name: "scheduler", targets: ["Scheduler"]),
        .executable(name: "sender", targets: ["Sender"]),
        .executable(name: "tracker", targets: ["Tracker"]),
        .executable(name: "reminder", targets: ["Reminder"]),
        .executable(name: "benchmarks", targets: ["Benchmarks"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
    ],
    targets: [
        // C libraries, each imported by one module only.
        .systemLibrary(
            name: "CRabbitMQ", path: "Shared/CRabbitMQ", pkgConfig: "librabbitmq",
            providers: [.apt(["librabbitmq-dev"])]),
        .systemLibrary(
            name: "CGMime", path: "Shared/CGMime", pkgConfig: "gmime-3.0",
            providers: [.apt(["libgmime-3.0-dev"])]),
        .systemLibrary(
            name: "CIDN2", path: "Shared/CIDN2", pkgConfig: "libidn2",
            providers: [.apt(["libidn2-dev"])]),
        .systemLibrary(
            name: "CSQLite", path: "Shared/CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CCares", path: "Shared/CCares", pkgConfig: "libcares",
            providers: [.apt(["libc-ares-dev"])]),

        // What the services share, in dependency order.
        .shared("Mail", ["CIDN2", .crypto]),
        .shared("DNS", ["CCares"]),
        .shared("Broker", ["CRabbitMQ", "Mail", .logging, .metrics, .lifecycle]),
        .shared("Store", ["Broker", "CSQLite", "Mail", .grdb, .logging, .metrics, .lifecycle]),
        .shared("SMTP", [.logging, .nio, .nioPosix, .nioSSL, .nioTLS]),
        .shared("MIME", ["CGMime", "Mail"]),
        .shared(
            "Runtime",
            [
                "Broker", "Mail", .argumentParser, .crypto, .httpTypes, .hummingbird, .jwt, .lifecycle, .logging, .metrics, .nio,
                .nioPosix, .unixSignals,
            ]),

        // The four executables. They never import each other.
        .service("Scheduler"),
        .service("Sender", ["DNS", "SMTP", "MIME", .cryptoExtras, .httpClient, .nio, .nioPosix, .nioSSL]),
        .service("Tracker", ["MIME", .nio]),
        .service("Reminder"),

        // Tests: one target per module, doubles and scripted servers in Support; another HTML parser to compare ours with.
        .systemLibrary(name: "CGumbo", path: "Tests/CGumbo", providers: [.apt(["libgumbo-dev"])]),
        .target(
            name: "Support",
            dependencies: ["Broker", "Mail", "Runtime", "SMTP", "Store", .grdb, .logging, .nio, .nioPosix, .nioSSL],
            path: "Tests/Support", swiftSettings: .strict),
        .tests("Mail", [.crypto]),
        .tests("Broker", ["Mail", .logging, .lifecycle]),
        .tests("Store", ["Broker", "Mail", .grdb, .lifecycle, .logging]),
        .tests("DNS", []),
        .tests("SMTP", [.nio, .nioPosix, .nioSSL, .logging]),
        .tests("MIME", ["Mail"]),
        .tests("Runtime", ["Mail", .httpTypes, .hummingbird, .lifecycle, .logging, .metrics, .nio]),
        .tests("Scheduler", .forService),
        .tests("Sender", .forService + ["CGumbo", "DNS", "SMTP", "MIME", .crypto, .cryptoExtras, .nioPosix], data: ["Replies"]),
        .tests("Tracker", .forService + ["MIME", .crypto]),
        .tests("Reminder", .forService),
        .tests("EndToEnd", ["Broker", "MIME", "Mail", "Runtime", "SMTP", "Store", .logging, .grdb], testing: []),

        // Benchmarks: an executable; the bare C loop is what the Swift one is measured against.
        .target(
            name: "CRabbitMQLoop", path: "Tests/Benchmarks/CRabbitMQLoop",
            linkerSettings: [.linkedLibrary("rabbitmq")]),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Broker", "CRabbitMQLoop", "Mail", "Runtime", "Store", "Support", .argumentParser, .crypto, .cryptoExtras, .grdb,
                .logging, .lifecycle, .nio, .nioPosix,
            ],
            path: "Tests/Benchmarks/Benchmarks", swiftSettings: .strict),
    ],
    swiftLanguageModes: [.v6]
)

extension [SwiftSetting] {
    /// The settings of every target of ours; `compose/test` asks for warnings as errors too.
    static var strict: [SwiftSetting] {
        [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
        ] + (Context.environment["WAYBILL_WARNINGS_AS_ERRORS"] == nil ? [] : [.treatAllWarnings(as: .error)])
    }
}

extension [Target.Dependency] {
    static var forService: [Target.Dependency] {
        ["Broker", "Mail", "Runtime", "Store", .grdb, .httpTypes, .hummingbird, .hummingbirdTesting, .logging, .lifecycle]
    }
}

extension Target {
    static func shared(_ name: String, _ dependencies: [Dependency]) -> Target {
        .target(name: name, dependencies: dependencies, path: "Shared/\(name)", swiftSettings: .strict)
    }

    static func service(_ name: String, _ more: [Dependency] = []) -> Target {
        .executableTarget(
            name: name,
            dependencies: [
                "Broker", "Mail", "Runtime", "Store", .argumentParser, .crypto, .grdb, .httpTypes, .hummingbird, .lifecycle,
                .logging, .metrics,
            ] + more,
            path: "Services/\(name)", swiftSettings: .strict)
    }

    /// - Parameter data: Folders that the tests read where they stand.
    static func tests(
        _ module: String, _ dependencies: [Dependency], testing: [Dependency]? = nil, data: [String] = []
    ) -> Target {
        .testTarget(
            name: "\(module)Tests",
            dependencies: (testing ?? [.byName(name: module)]) + ["Support"] + dependencies,
            path: "Tests/\(module)Tests", exclude: data, swiftSettings: .strict)
    }
}

extension Target.Dependency {
    static var argumentParser: Self { .product(name: "ArgumentParser", package: "swift-argument-parser") }
    static var crypto: Self { .product(name: "Crypto", package: "swift-crypto") }
    static var cryptoExtras: Self { .product(name: "CryptoExtras", package: "swift-crypto") }
    static var grdb: Self { .product(name: "GRDB", package: "GRDB.swift") }
    static var httpClient: Self { .product(name: "AsyncHTTPClient", package: "async-http-client") }
    static var httpTypes: Self { .product(name: "HTTPTypes", package: "swift-http-types") }
    static var hummingbird: Self { .product(name: "Hummingbird", package: "hummingbird") }
    static var hummingbirdTesting: Self { .product(name: "HummingbirdTesting", package: "hummingbird") }
    static var jwt: Self { .product(name: "JWTKit", package: "jwt-kit") }
    static var lifecycle: Self { .product(name: "ServiceLifecycle", package: "swift-service-lifecycle") }
    static var logging: Self { .product(name: "Logging", package: "swift-log") }
    static var metrics: Self { .product(name: "Metrics", package: "swift-metrics") }
    static var nio: Self { .product(name: "NIOCore", package: "swift-nio") }
    static var nioPosix: Self { .product(name: "NIOPosix", package: "swift-nio") }
    static var nioTLS: Self { .product(name: "NIOTLS", package: "swift-nio") }
    static var nioSSL: Self { .product(name: "NIOSSL", package: "swift-nio-ssl") }
    static var unixSignals: Self { .product(name: "UnixSignals", package: "swift-service-lifecycle") }
}

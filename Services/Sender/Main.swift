import ArgumentParser
import GRDB
import Hummingbird
import Logging

@main
struct Main: AsyncParsableCommand {
    func run() async throws {}
}

import Logging

extension Logger {
    /// For parts whose troubles come back as errors.
    static var silent: Logger {
        var logger = Logger(label: "benchmark")
        logger.logLevel = .error
        return logger
    }
}

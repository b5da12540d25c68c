import Foundation

/// The system's random numbers, several for each call of the kernel.
struct RandomPool: RandomNumberGenerator {
    private var numbers: [UInt64] = []

    mutating func next() -> UInt64 {
        if let number = numbers.popLast() { return number }
        numbers = [UInt64](unsafeUninitializedCapacity: 32) { buffer, count in
            count = getentropy(buffer.baseAddress, 256) == 0 ? 32 : 0
        }
        var system = SystemRandomNumberGenerator()
        return numbers.popLast() ?? system.next()
    }
}

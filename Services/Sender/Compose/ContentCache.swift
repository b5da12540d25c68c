import Broker
import Foundation
import Logging
import MIME
import Mail

/// What mailings are made of, fetched from the scheduler once by hash and kept while there is room.
actor ContentCache {
    private let ask: @Sendable (ContentHash) async throws -> Message
    /// The most bytes kept.
    private let room: Int
    private var kept: [ContentHash: Entry] = [:]
    private var waiting: [ContentHash: [CheckedContinuation<Item, any Error>]] = [:]
    private var used = 0
    private var clock: UInt64 = 0

    private struct Entry {
        let item: Item
        let size: Int
        var lastUse: UInt64
    }

    private enum Item: Sendable {
        case content(PreparedContent)
        case attachment([UInt8])
    }

    private enum Shape { case content, attachment }

    /// - Parameters:
    ///   - room: The most bytes kept, of content and attachments together.
    ///   - ask: Asks for the bytes behind a hash; asks again where no answer comes.
    init(room: Int, ask: @escaping @Sendable (ContentHash) async throws -> Message) {
        self.room = room
        self.ask = ask
    }

    /// - Throws: ``Uncomposable`` where there is nothing to be had under this hash.
    func content(_ hash: ContentHash) async throws -> PreparedContent {
        guard case .content(let content) = try await item(hash, .content) else {
            throw Uncomposable("The content of this mailing cannot be read.")
        }
        return content
    }

    /// - Throws: ``Uncomposable``.
    func attachment(_ reference: AttachmentReference) async throws -> Letter.Attachment {
        guard case .attachment(let bytes) = try await item(reference.hash, .attachment) else {
            throw Uncomposable("The attachment \(reference.name.debugDescription) cannot be read.")
        }
        return Letter.Attachment(name: reference.name, type: reference.type, bytes: bytes, contentID: reference.contentID)
    }

    private func item(_ hash: ContentHash, _ shape: Shape) async throws -> Item {
        clock += 1
        if let item = kept[hash]?.item {
            kept[hash]?.lastUse = clock
            return item
        }
        if waiting[hash] != nil {
            return try await withCheckedThrowingContinuation { waiting[hash]?.append($0) }
        }
        waiting[hash] = []
        let result: Result<Item, any Error>
        do {
            result = .success(try await fetch(hash, shape))
        } catch {
            result = .failure(error)
        }
        for waiter in waiting.removeValue(forKey: hash) ?? [] { waiter.resume(with: result) }
        return try result.get()
    }

    private func fetch(_ hash: ContentHash, _ shape: Shape) async throws -> Item {
        let answer = try await ask(hash)
        guard answer.type == Questions.blob else {
            throw Uncomposable("Part of this mailing is no longer kept: \(hash).")
        }
        guard ContentHash(of: answer.body) == hash else {
            throw Uncomposable("Part of this mailing is not what it was: \(hash).")
        }
        let item: Item
        var size = answer.body.count
        switch shape {
        case .attachment: item = .attachment([UInt8](answer.body))
        case .content:
            // With what is worked out from it.
            if size <= room { size = min(room, 4 * size) }
            do {
                item = .content(try PreparedContent(try Wire.decode(Content.self, from: answer.body)))
            } catch let error as Wire.Unreadable {
                throw Uncomposable("The content of this mailing cannot be read: \(error)")
            }
        }
        keep(item, size: size, as: hash)
        return item
    }

    private func keep(_ item: Item, size: Int, as hash: ContentHash) {
        guard size <= room else { return }
        while used + size > room, let oldest = kept.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            used -= oldest.value.size
            kept[oldest.key] = nil
        }
        kept[hash] = Entry(item: item, size: size, lastUse: clock)
        used += size
    }
}

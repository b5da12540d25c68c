/// A failure of circumstances, such as a full disk: the same request may succeed later. HTTP interfaces answer it with 503.
package protocol PassingFailure: Error {}

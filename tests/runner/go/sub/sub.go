// Package sub is what the tests of go test -exec are about.
package sub

// Twice is here to be covered.
func Twice(n int) int {
	return 2 * n
}

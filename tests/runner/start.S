/* For programs that have main() and nothing else: FreeBSD enters with %rdi at argc (sys/amd64/amd64/exec_machdep.c, 14). */
	.weak _start, main
_start:
	lea 8(%rdi), %rsi
	mov (%rdi), %edi
	and $-16, %rsp
	call main
	mov %eax, %edi
	mov $1, %eax /* exit */
	syscall
	.section .note.GNU-stack,"",@progbits

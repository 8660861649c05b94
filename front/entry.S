/* Where the file begins, and the way to the whole: front.c says why. */
	.text
	.globl front_start
front_start:
	mov	%rsp, front_stack(%rip)
	xor	%ebp, %ebp
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	front_begin
	ud2

/* All functions that musl has not got are here (front/link). */
	.globl front_whole
front_whole:
	and	$-16, %rsp
	call	front_leave
	mov	front_stack(%rip), %rsp
	xor	%edx, %edx	/* what a dynamic linker would want called at the end */
	jmp	_start

	.bss
	.balign	8
front_stack:
	.quad	0

/* Constructors are the whole's: for musl there are none (front/link). */
	.section .rodata
	.globl front_init_start, front_init_end, front_fini_start, front_fini_end
	.balign	8
front_init_start:
front_init_end:
front_fini_start:
front_fini_end:
	.section .note.GNU-stack, "", @progbits

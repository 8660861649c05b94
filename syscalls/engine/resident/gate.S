/* The gate: the only instructions in the process whose system calls reach Linux.
 *
 * The filter lets a call through if its instruction pointer lies in this page and the
 * call is on the allow-list; from anywhere else it raises SIGSYS.  A guest may jump in
 * here with any registers: what is reachable from here is what the sandbox, not the
 * resident, must make harmless.
 */
#include "syscalls/engine/resident/layout.h"

	.section .gate, "ax"

/* long gate(nr, a0..a5), C calling convention */
	.globl gate
	.type gate, @function
gate:
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	mov 8(%rsp), %r9
	syscall
	ret

/* long gate_call(c, nr, a0..a5): the same with host_call()'s arguments, which jumps here.  Linux
 * leaves the processor without its memory of where calls return to, so that each return from
 * here on up is guessed wrongly: there is none that need not be. */
	.balign 16
	.globl gate_call
	.type gate_call, @function
gate_call:
	mov %esi, %eax
	mov %rdx, %rdi
	mov %rcx, %rsi
	mov %r8, %rdx
	mov %r9, %r10
	mov 8(%rsp), %r8
	mov 16(%rsp), %r9
	syscall
	ret

/* The same for calls that may sleep.  From gate_wait_window to its end (the return address
 * of the call not included) an arriving signal's handler moves the instruction pointer to
 * gate_wait_aborted, so no wake-up is lost between the test and the sleep. */
	.balign 16
	.globl gate_wait, gate_wait_window, gate_wait_window_end, gate_wait_aborted
	.type gate_wait, @function
gate_wait:
	mov %esi, %eax
	mov %rdx, %rdi
	mov %rcx, %rsi
	mov %r8, %rdx
	mov %r9, %r10
	mov 8(%rsp), %r8
	mov 16(%rsp), %r9
gate_wait_window:
	cmpl $0, %gs:T_PENDING
	jne gate_wait_aborted
	syscall
gate_wait_window_end:
	ret
gate_wait_aborted:
	mov $GATE_ABORTED, %rax
	ret

/* The same for a call whose arguments are in the registers already: entry.S jumps here and is
 * jumped to: no return at all. */
	.balign 16
	.globl gate_quick, gate_quick_window, gate_quick_window_end, gate_quick_aborted
gate_quick:
gate_quick_window:
	cmpl $0, %gs:T_PENDING
	jne gate_quick_aborted
	syscall
gate_quick_window_end:
	jmp quick_done
gate_quick_aborted:
	mov $GATE_ABORTED, %rax
	jmp quick_done

/* Return from a Linux signal handler. */
	.balign 16
	.globl gate_sigreturn
gate_sigreturn:
	mov $15, %eax
	syscall
	ud2

/* long gate_clone(flags, stack, parent_tid, child_tid, tls, begin)
 * The child pops its context from its new stack and goes to begin(context). */
	.balign 16
	.globl gate_clone
	.type gate_clone, @function
gate_clone:
	mov %rcx, %r10
	mov $56, %eax
	syscall
	test %rax, %rax
	jz 1f
	ret
1:	xor %ebp, %ebp
	pop %rdi
	call *%r9
	ud2

/* void gate_exit(uint32_t *slot, int status): the thread ends; its slot is free from before
 * the call on, and no stack is touched after that. */
	.balign 16
	.globl gate_exit
	.type gate_exit, @function
gate_exit:
	mov %rdi, %rdx
	mov %esi, %edi
	mov $60, %eax
	movl $0, (%rdx)
	syscall
	ud2

	.section .note.GNU-stack, "", @progbits

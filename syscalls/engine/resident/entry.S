/* Into the translator and out of it.
 *
 * A guest's call arrives at entry_call in its own context, by a jump from a patched site's stub,
 * which put the return address in rcx; all other registers are the guest's.  One that trapped
 * arrives at enter_translator, from the SIGSYS handler.
 *
 * The guest's registers live in the thread's context (%gs) from here until they are loaded
 * again; nothing is ever on the guest's stack.  On the way out, from the last test for a
 * pending signal until the guest's first instruction, a signal handler that finds the
 * instruction pointer between exit_window and exit_window_end sends it to `boundary`:
 * every register that matters is still in the context, so nothing is lost and the
 * signal is delivered before the guest runs on.
 */
#include "syscalls/engine/resident/layout.h"

	.section .text.entry, "ax"
	.balign 64
	.globl entry_call
entry_call:
	mov %rsp, %gs:R_RSP
	mov %gs:T_STACK_TOP, %rsp
	pushfq
	popq %gs:R_RFLAGS
	.globl entry_flags_saved
entry_flags_saved:
	cld
	mov %rax, %gs:R_RAX
	mov %rdi, %gs:R_RDI
	mov %rsi, %gs:R_RSI
	mov %rdx, %gs:R_RDX
	mov %r10, %gs:R_R10
	mov %r8, %gs:R_R8
	mov %r9, %gs:R_R9
	mov %rcx, %gs:R_RIP
	mov %rcx, %gs:R_RCX
	mov %r11, %gs:R_R11
	mov %rbx, %gs:R_RBX
	mov %rbp, %gs:R_RBP
	mov %r12, %gs:R_R12
	mov %r13, %gs:R_R13
	mov %r14, %gs:R_R14
	mov %r15, %gs:R_R15
	/* Every so many calls one goes the way on which its time is taken (tally.h). */
	mov %gs:T_CELL, %rcx
	incq (%rcx)
	testb $(T_SAMPLE - 1), (%rcx)
	jz translate
	/* Linux's own call with Linux's own arguments, as struct process has noted: nothing is
	 * looked at again, and the registers stay where they are. */
	mov %eax, %ecx
	cmp $Q_CALLS, %ecx
	jae translate
	mov %gs:T_PROCESS, %rbp
	movzwl P_QUICK(%rbp, %rcx, 2), %ebx
	test $Q_QUICK, %ebx
	jz translate
	test $Q_DESCRIPTOR, %ebx
	jz 1f
	cmp $Q_HIDDEN, %edi
	jge translate
1:	mov %ebx, %eax
	and $Q_NUMBER, %eax
	jmp gate_quick
translate:
	mov %gs:R_RBX, %rbx
	mov %gs:R_RBP, %rbp
	mov %gs:T_SELF, %rdi
	/* Jumped to, and it jumps back: after a call of Linux's the processor would guess the
	 * return wrongly (gate.S), some 6 ns each. */
	sub $8, %rsp
	jmp resident_call
	.balign 16
	.globl call_done
call_done:
	test %edi, %edi
	jnz resume
	mov %gs:R_RBX, %rbx
	mov %gs:R_RBP, %rbp
	mov %gs:R_R12, %r12
	mov %gs:R_R13, %r13
	mov %gs:R_R14, %r14
	mov %gs:R_R15, %r15
	jmp exit_window

	.balign 16
	.globl quick_done
quick_done:
	cmp $-4095, %rax
	jae 1f
	mov P_PERSONALITY(%rbp), %rcx
	mov PERSONALITY_ERROR_FLAG(%rcx), %ecx
	not %ecx
	mov %rax, %gs:R_RAX
	andl %ecx, %gs:R_RFLAGS
	jmp quick_exit_window
1:	mov %gs:R_RBX, %rbx
	mov %gs:R_RBP, %rbp
	mov %gs:T_SELF, %rdi
	mov %rax, %rsi
	call resident_quick
	test %eax, %eax
	jnz resume

	.globl exit_window, exit_window_end
exit_window:
	cmpl $0, %gs:T_PENDING
	jne boundary
	mov %gs:R_RDI, %rdi
	mov %gs:R_RSI, %rsi
	mov %gs:R_RDX, %rdx
	mov %gs:R_R10, %r10
	mov %gs:R_R8, %r8
	mov %gs:R_R9, %r9
finish_exit:
	mov %gs:R_R11, %r11
	mov %gs:R_RFLAGS, %rax
	mov %eax, %ecx
	and $~ARITHMETIC_FLAGS, %ecx
	cmp $USUAL_FLAGS, %ecx
	jne resume /* the trap flag is to take effect behind the last instruction of ours */
	/* popfq takes longer than all of this: overflow by adding, the others by sahf. */
	mov %eax, %ecx
	shr $11, %ecx
	and $1, %ecx
	mov %al, %ah
	add $0x7f, %cl
	sahf
	mov %gs:R_RAX, %rax
	mov %gs:R_RIP, %rcx
	mov %gs:R_RSP, %rsp
	jmp *%rcx

	/* The registers that Linux left alone are the guest's still. */
quick_exit_window:
	cmpl $0, %gs:T_PENDING
	jne boundary
	mov %gs:R_RBX, %rbx
	mov %gs:R_RBP, %rbp
	jmp finish_exit

/* All registers, for states that no call instruction left: after a signal frame was pushed
 * or popped, in a new thread, in a new program. */
	.globl resume
resume:
	cmpl $0, %gs:T_PENDING
	jne boundary
	mov %gs:R_RAX, %rax
	mov %gs:R_RDI, %rdi
	mov %gs:R_RSI, %rsi
	mov %gs:R_RDX, %rdx
	mov %gs:R_R10, %r10
	mov %gs:R_R8, %r8
	mov %gs:R_R9, %r9
	mov %gs:R_RCX, %rcx
	mov %gs:R_R11, %r11
	mov %gs:R_RBX, %rbx
	mov %gs:R_RBP, %rbp
	mov %gs:R_R12, %r12
	mov %gs:R_R13, %r13
	mov %gs:R_R14, %r14
	mov %gs:R_R15, %r15
	mov %gs:T_STACK_TOP, %rsp
	pushq $USER_SS
	pushq %gs:R_RSP
	pushq %gs:R_RFLAGS
	pushq $USER_CS
	pushq %gs:R_RIP
	iretq
exit_window_end:

/* The guest's registers are in the context, a signal is waiting. */
	.balign 16
	.globl boundary
boundary:
	mov %gs:T_STACK_TOP, %rsp
	cld
	xor %ebp, %ebp
	mov %gs:T_SELF, %rdi
	call resident_boundary
	jmp resume

/* A new thread's or program's first instruction: the context is complete. */
	.globl enter_guest
	.type enter_guest, @function
enter_guest:
	jmp resume

/* From a handler's stack: what a call finds that came by entry_call. */
	.globl enter_translator
	.type enter_translator, @function
enter_translator:
	mov %gs:T_STACK_TOP, %rsp
	mov %gs:R_R12, %r12
	mov %gs:R_R13, %r13
	mov %gs:R_R14, %r14
	mov %gs:R_R15, %r15
	jmp translate

/* int copy_guarded(void *to, const void *from, size_t n): 0, or -EFAULT if either side
 * faulted (the fault handler moves the instruction pointer to copy_failed). */
	.balign 16
	.globl copy_guarded
	.type copy_guarded, @function
copy_guarded:
copy_begin:
	cmp $512, %rdx
	ja 3f
	/* Small ones by hand: a rep takes longer to begin than these take. */
	mov %edx, %ecx
	shr $5, %ecx
	jz 4f
5:	mov (%rsi), %rax
	mov 8(%rsi), %r8
	mov 16(%rsi), %r9
	mov 24(%rsi), %r10
	mov %rax, (%rdi)
	mov %r8, 8(%rdi)
	mov %r9, 16(%rdi)
	mov %r10, 24(%rdi)
	add $32, %rsi
	add $32, %rdi
	dec %ecx
	jnz 5b
4:	mov %edx, %ecx
	shr $3, %ecx
	and $3, %ecx
	jz 2f
1:	mov (%rsi), %rax
	mov %rax, (%rdi)
	add $8, %rsi
	add $8, %rdi
	dec %ecx
	jnz 1b
2:	and $7, %edx
	jz copy_end
	movb (%rsi), %al
	movb %al, (%rdi)
	inc %rsi
	inc %rdi
	dec %edx
	jmp 2b
3:	mov %rdx, %rcx
	rep movsb
copy_end:
	xor %eax, %eax
	ret
copy_failed:
	mov $-14, %eax
	ret

/* int swap_guarded(uint32_t *at, uint32_t *seen, uint32_t value): 0 done, 1 another value was
 * there and is in *seen, -EFAULT. */
	.balign 16
	.globl swap_guarded
	.type swap_guarded, @function
swap_guarded:
	mov (%rsi), %eax
swap_begin:
	lock cmpxchg %edx, (%rdi)
swap_end:
	jne 1f
	xor %eax, %eax
	ret
1:	mov %eax, (%rsi)
	mov $1, %eax
	ret

/* int vectors_load(const void *area, uint64_t mask): 0, or -EFAULT where the processor
 * refuses the area. */
	.globl vectors_load
	.type vectors_load, @function
vectors_load:
	mov %esi, %eax
	mov %rsi, %rdx
	shr $32, %rdx
load_begin:
	xrstor64 (%rdi)
load_end:
	xor %eax, %eax
	ret

/* What execve runs: rsp points at argc. */
	.globl _start
_start:
	xor %ebp, %ebp
	mov %rsp, %rdi
	and $-16, %rsp
	call resident_start
	ud2

	.section .fault_table, "a"
	.quad copy_begin, copy_end, copy_failed
	.quad swap_begin, swap_end, copy_failed
	.quad load_begin, load_end, copy_failed

	.section .note.GNU-stack, "", @progbits

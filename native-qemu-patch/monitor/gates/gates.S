/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of the SIM view: the only code through which a hook enters the SIM view and leaves
 * it. Three pages; README.md tells why each instruction is where it is.
 *
 *	.g1      gate page, normal view    hook -> ... -> entry VMFUNC (the last three bytes)
 *	.g2      gate page + 4096, SIM view   from there to the monitor and back
 *	.g1_sim  gate page, SIM view       the exit VMFUNC and nothing else
 *
 * The pages run wherever they are mapped, as long as G2 follows G1. What is
 * patched at load time has a symbol (docs/interfaces.md §2) and holds 0xcc
 * until then, so that a forgotten patch stops at once.
 *
 * SIM_LAST_BRANCH: for a CPU whose last branch record the SIM view can read (docs/security.md, R9).
 * The call is the one that the record names, whatever return address the guest pushed;
 * gates-lbr.elf.
 *
 * A hooked function gets back every register that a caller may rely on, those of its
 * arguments, rax and the flags; r10 and r11 are the gate's, as they are ftrace's.
 */

/*
 * Above what g1_enter has pushed: in G1 for a redirected call, in the hooked function for a fentry
 * hook.
 */
#define LINK		(3 * 8)

/*
 * Of branches: where the last one went to, and, one below, where it came from (Intel SDM, volume
 * 4).
 */
#define MSR_LASTBRANCHTOIP	0x1dc

/* Bytes of a hook's call. */
#define HOOK_LENGTH	5
/* Where struct sim_call has the return address. */
#define RETURN_ADDRESS	24

/* Tries before a search for a stack gives up: about a second. */
#define TRIES		0x4000000

	.macro vmfunc_leaf0
	.byte 0x0f, 0x01, 0xd4
	.endm

#ifdef SIM_LAST_BRANCH
	.macro note_return_address
	.endm
#else
	.macro note_return_address
	mov	(%rsp), %r11
	.endm
#endif

	.include "gates.inc"

/* ------------------------------------------------------------------------ */
	.section .g1, "ax", @progbits
	.code64
g1_page:
	call_stubs g1, g1_enter
	filters g1, g1_enter

	/*
	 * Back in the normal view, on the guest's stack: arguments where they were but for rcx,
	 * verdict in r11d.
	 */
	.balign 16, 0xcc
symbol g1_exit
	vmfunc_leaf0
	mov	%r10, %rcx
	test	%r11d, %r11d
	jnz	g1_denied
g1_leave:
	pop	%rbx
	pop	%rax
	popfq
	ret

	/*
	 * Not allowed. A redirected call gets -1 as its second argument (the
	 * system call's number); a fentry hook has nothing to deny.
	 */
g1_denied:
	lea	g1_page(%rip), %rax
	mov	LINK(%rsp), %rbx
	sub	%rax, %rbx
	xor	%r11d, %r11d
	cmp	$PAGE, %rbx
	jae	g1_leave
	mov	$-1, %rsi
	jmp	g1_leave

	filter_bitmaps g1
g1_code_end:

	.fill	PAGE - (g1_page_end - g1_fentry) - (g1_code_end - g1_page), 1, 0xcc

	/*
	 * A fentry hook's call comes here; a redirected call's stub joins behind the first
	 * instruction.
	 */
symbol g1_fentry
	note_return_address
g1_enter:
	pushfq
	push	%rax
	push	%rbx
	.byte	0x65, 0x48, 0x8b, 0x1c, 0x25	/* mov %gs:disp32, %rbx */
	patch	g1_current_offset, 4
	mov	%rcx, %r10
	/* IF, TF, DF, AC, NT off while still in the normal view (R3). */
	push	$2
	popfq
	xor	%eax, %eax
	mov	$1, %ecx
symbol g1_entry_vmfunc
	vmfunc_leaf0
g1_page_end:

/* ------------------------------------------------------------------------ */
	.section .g1_sim, "ax", @progbits
g1_sim_page:
	.fill	g1_exit - g1_page, 1, 0xcc
symbol g1_sim_exit
	vmfunc_leaf0
	.fill	PAGE - (. - g1_sim_page), 1, 0xcc

/* ------------------------------------------------------------------------ */
	.section .g2, "ax", @progbits
symbol g2_page
	/*
	 * Registers from G1: rdi rsi rdx r10 r8 r9 the hook's arguments, r11
	 * its return address (but for SIM_LAST_BRANCH: anything), rbx the current
	 * task, rsp the guest's stack.
	 *
	 * In 64-bit code this loads a number that nobody wants. Compatibility and
	 * 16-bit code take the number's last bytes for instructions: int3.
	 */
	.byte	0x48, 0xb8		/* movabs imm64, %rax */
	.fill	8, 1, 0xcc

	mov	%cr3, %rax
	.byte	0x48, 0xb9		/* movabs imm64, %rcx */
	patch	g2_sim_cr3, 8
symbol g2_cr3_load
	mov	%rcx, %cr3

	/* A stack: the word above its top says whether it is taken. */
	.byte	0x48, 0xb9		/* movabs imm64, %rcx */
	patch	g2_stack_first, 8
	lock btsl $0, (%rcx)
	jc	g2_search
g2_stack:
	xchg	%rcx, %rsp
	push	$2
	popfq
	push	%r9			/* struct sim_call, from its end */
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
#ifdef SIM_LAST_BRANCH
	/*
	 * Where the branch came from that led into the gate page, and the length of a call: the
	 * return address of whoever called. It stays a small number, and so no hook's, if that
	 * branch did not lead here.
	 */
	push	$HOOK_LENGTH
#else
	push	%r11
#endif
	push	%rbx
	push	%rcx
	push	%rax
#ifdef SIM_LAST_BRANCH
	mov	$MSR_LASTBRANCHTOIP, %ecx
	rdmsr
	shrd	$12, %edx, %eax
	.byte	0x3d			/* cmp imm32, %eax */
	patch	g2_gate_page, 4
	jne	g2_called
	dec	%ecx
	rdmsr
	add	%eax, RETURN_ADDRESS(%rsp)
	mov	%edx, RETURN_ADDRESS + 4(%rsp)
g2_called:
#endif
	mov	%rsp, %rdi
	.byte	0x48, 0xb8		/* movabs imm64, %rax */
	patch	g2_dispatch, 8
	call	*%rax

	/*
	 * What struct sim_call holds is what the guest gets back, and what of it the monitor may
	 * have in registers goes.
	 */
	mov	%eax, %r11d
	pop	%rcx			/* the guest's CR3 */
	pop	%rax			/* its stack */
	add	$16, %rsp
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%r10
	pop	%r8
	pop	%r9
	/* Leave the stack, then give it back: another vCPU may take it at once. */
	xchg	%rax, %rsp
	movl	$0, (%rax)

	/*
	 * No access to memory from here on. Only who has the SIM CR3 in force may leave: all 64
	 * bits are compared, the lower half first, so that no register holds it. What is left then
	 * is the upper half, and 1 more where the lower one is negative; turned by 31, since 32 as
	 * the last byte of the instruction would be the first of an access to memory.
	 */
	mov	%cr3, %rax
	.byte	0x48, 0x2d		/* sub imm32, %rax */
	patch	g2_sim_cr3_low, 4
	ror	$31, %rax
	.byte	0x48, 0x3d		/* cmp imm32, %rax */
	patch	g2_sim_cr3_high, 4
	jne	g2_trap
	mov	%rcx, %cr3
	xor	%eax, %eax
	xor	%ecx, %ecx
	/* jmp g1_exit, a page below */
	.byte	0xe9
	.long	(g1_exit - g1_page) - PAGE - (g2_jump_end - g2_page)
g2_jump_end:
g2_trap:
	int3

	/*
	 * The first stack was taken. Every vCPU has one at most, so one is free or soon
	 * will be. The search ends all the same: whoever makes it search memory of his
	 * own must not keep a vCPU in the SIM view unseen. Tries are counted in the upper half of
	 * r11: no register is free, and a hook's return address has all ones there.
	 */
g2_search:
	mov	%r11d, %r11d
1:
	.byte	0x48, 0x81, 0xc1	/* add imm32, %rcx */
	patch	g2_stack_stride, 4
	.byte	0x81, 0xf9		/* cmp imm32, %ecx */
	patch	g2_stack_end, 4
	jne	2f
	pause
	.byte	0x48, 0xb9		/* movabs imm64, %rcx */
	patch	g2_stack_again, 8
2:
	ror	$32, %r11
	inc	%r11
	cmp	$TRIES, %r11d
	jae	g2_trap
	ror	$32, %r11
	lock btsl $0, (%rcx)
	jc	1b
	movslq	%r11d, %r11
	jmp	g2_stack
symbol g2_code_end
	.fill	PAGE - (. - g2_page), 1, 0xcc

	.section .note.GNU-stack, "", @progbits

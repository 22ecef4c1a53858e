/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of a monitor outside of the guest: a hook calls it, a write to an I/O
 * port leaves the guest, and the guest goes on when the monitor has answered.
 * One page, normal view; there is no other view, and nothing in it is secret.
 *
 * At the `out` the registers are (sim_abi.h, struct sim_call):
 *
 *	rdi rsi r10 rcx r8 r9	the hook's arguments (the third is in r10: dx holds the port)
 *	r11			the return address that the hook's call pushed
 *	rbx			the current task
 *	rbp			rsp in the hooked function
 *
 * Who answers puts the verdict into r11d and leaves all else as it is. Interrupts
 * may come at any instruction: nothing here depends on the vCPU.
 */

/* Words that x1_enter has pushed, from the top of the stack upwards. */
#define LINK		(6 * 8)		/* where the last ret goes */
#define RETURN_ADDRESS	(7 * 8)		/* what the hook's call pushed */
#define HOOK_RSP	(8 * 8)		/* rsp in the hooked function */

	.include "gates.inc"

	.section .g1_exit, "ax", @progbits
	.code64
x1_page:
	/* As in G1: a fentry hook and a redirected call leave the same stack. */
symbol x1_fentry
	call	x1_enter
x1_fentry_link:
	ret

	call_stubs x1, x1_enter

x1_enter:
	pushfq
	push	%rdx
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	mov	RETURN_ADDRESS(%rsp), %r11
	.byte	0x65, 0x48, 0x8b, 0x1c, 0x25	/* mov %gs:disp32, %rbx */
	patch	x1_current_offset, 4
	lea	HOOK_RSP(%rsp), %rbp
	mov	%rdx, %r10
	.byte	0xba			/* mov imm32, %edx */
	patch	x1_port, 4
symbol x1_out
	out	%al, (%dx)
	test	%r11d, %r11d
	jnz	x1_denied
x1_leave:
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%rdx
	popfq
	ret

	/* As in G1: a redirected call gets -1 as its second argument, a fentry hook has nothing to deny. */
x1_denied:
	lea	x1_fentry_link(%rip), %rbx
	cmp	%rbx, LINK(%rsp)
	je	x1_leave
	mov	$-1, %rsi
	jmp	x1_leave

	.fill	PAGE - (. - x1_page), 1, 0xcc

	.section .note.GNU-stack, "", @progbits

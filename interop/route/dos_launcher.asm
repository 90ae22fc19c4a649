; SPDX-License-Identifier: MIT
;
; RUN.COM: starts one DOS program inside DOSBox and carries its standard streams to the process outside that serves
; them (runner_dosbox.cpp). DOSBox's own redirection would lose standard error, mangle < > | % in arguments, read ahead and
; hold output back; an exit code would need a ladder of ERRORLEVELs.
;
; The launcher opens two pipes as files and stays in memory as the program's parent, hooked into INT 21h. The standard
; handles are three entries of the system file table, recognised by their number, so that they follow the program through
; duplication, redirection and its own children. A call that concerns one of them becomes a request:
;
;   request   op, stream, count, value      8 bytes, after a WRITE the data
;   reply     result, error, value          8 bytes, after a READ and HELLO `result` bytes of data
;
; One request, one reply: when a call returns to the program it has happened outside, in order. runner_dos_channel.h is
; the other side of this.
;
; DOSBox's COMMAND.COM, should the program run it, writes without a call of DOS. So output and error are files as well, pipes
; to where all of this goes; DOSBox buffers, hence they are flushed before a request, once a child was started.

        cpu     386
        org     100h

OP_HELLO        equ 1           ; value: version of this protocol; the reply's data is the block at `order`
OP_IDENTIFY     equ 2           ; is the program among the files that the emulator has open? result 1: yes
OP_STARTING     equ 3           ; stream: 1 if by its substitute name; the private directory is removed after it
OP_FAILED       equ 4           ; count: DOS error of EXEC
OP_EXITED       equ 5           ; count: AX of INT 21h/4Dh
OP_READ         equ 6           ; value: READ_BLOCK or READ_CHARACTER
OP_WRITE        equ 7
OP_READY        equ 8           ; result FFh: a read would not wait
OP_SEEK         equ 9           ; count: whence; value: offset, and in the reply the new position

READ_BLOCK      equ 0
READ_CHARACTER  equ 1           ; of a terminal the key Enter is CR, not CR LF

VERSION         equ 1
FLAG_CARRY      equ 1
FLAG_ZERO       equ 40h
END_OF_FILE     equ 1Ah         ; what DOS gives a program that reads characters beyond the end
STACK_SIZE      equ 512

start:  mov     sp, stack_top
        mov     di, clear_from
        mov     cx, stack_top - clear_from
        xor     al, al
        cld
        rep     stosb
        mov     bx, stack_top + 15
        shr     bx, 4
        mov     ah, 4Ah                 ; the program gets the rest of the memory
        int     21h
        mov     [own_psp], cs
        mov     ax, 3521h
        int     21h
        mov     [old21], bx
        mov     [old21 + 2], es
        push    cs
        pop     es

        mov     ax, 3D81h               ; write only, not inherited
        mov     dx, request_name
        int     21h
        jc      give_up
        mov     [request_handle], ax
        mov     ax, 3D80h
        mov     dx, reply_name
        int     21h
        jc      give_up
        mov     [reply_handle], ax

        mov     byte [request.op], OP_HELLO
        mov     dword [request.value], VERSION
        mov     [data], word order
        mov     [data + 2], cs
        call    transact
        cmp     word [reply.result], order_size
        jne     give_up

        call    find_program
        call    enter_directory
        test    byte [order.flags], 1
        jz      .unhooked
        call    take_streams
.unhooked:
        mov     byte [request.op], OP_STARTING
        call    transact
        call    run_program
        mov     [request.count], ax
        mov     byte [request.op], OP_FAILED
        jc      .told
        mov     ah, 4Dh
        int     21h
        mov     [request.count], ax
        mov     byte [request.op], OP_EXITED
.told:  call    transact
give_up:
        cli
        lds     dx, [old21]
        mov     ax, 2521h               ; the same one if it was never replaced
        int     21h
        mov     ax, 4C00h
        int     21h

; ---- before the program ------------------------------------------------------------------------------------------------

; Leaves in program_pointer the name of the program: the expected one, else that of the directory's entry that is the
; same file (DOSBox makes short names of long ones in an order that is its own), else the substitute.
find_program:
        mov     dx, order.program
        cmp     byte [order.program], 0
        je      .search
        call    is_program
        je      .found
.search:
        mov     dx, search_area
        mov     ah, 1Ah
        int     21h
        mov     cx, 27h                 ; read-only, hidden, system, archive
        mov     dx, order.pattern
        mov     ah, 4Eh
.next:  int     21h
        jc      .substitute
        mov     eax, [search_area + 1Ah]
        cmp     eax, [order.size]
        jne     .another
        mov     si, order.pattern
        mov     di, found_name
        mov     bx, di                  ; after the last backslash
.directory:
        lodsb
        stosb
        cmp     al, '\'
        jne     .not_separator
        mov     bx, di
.not_separator:
        or      al, al
        jnz     .directory
        mov     di, bx
        mov     si, search_area + 1Eh
        mov     cx, 13
        rep     movsb
        mov     dx, found_name
        call    is_program
        je      .found
.another:
        mov     ah, 4Fh
        jmp     .next
.substitute:
        mov     dx, order.substitute
        mov     byte [request.stream], 1        ; of OP_STARTING; nothing else has been said in between
.found: mov     [program_pointer], dx
        ret

; ZF if the file named by DS:DX is the program. DX is kept.
is_program:
        mov     ax, 3D00h
        int     21h
        jc      .no
        push    ax
        mov     byte [request.op], OP_IDENTIFY
        call    transact
        pop     bx
        mov     ah, 3Eh
        int     21h
        cmp     word [reply.result], 1
        ret
.no:    or      al, 1                   ; an error is never 0
        ret

enter_directory:
        mov     dl, [order.drive]
        mov     ah, 0Eh
        int     21h
        mov     dx, order.directory
        mov     ah, 3Bh
        int     21h
        ret

; Puts our three entries behind handles 0 to 2 and the hook before DOS. What COMMAND.COM itself reads is empty.
take_streams:
        xor     si, si
.next:  mov     ax, 3D01h
        mov     bx, si
        shl     bx, 1
        mov     dx, [stream_names + bx]
        int     21h
        mov     bx, ax
        mov     cx, si
        push    bx
        mov     ah, 46h
        int     21h
        pop     bx
        mov     ah, 3Eh
        int     21h
        les     bx, [cs:34h]            ; the PSP's pointer to its handles
        mov     al, [es:bx + si]
        mov     [entries + si], al
        push    cs
        pop     es
        inc     si
        cmp     si, 3
        jb      .next
        mov     dx, hook
        mov     ax, 2521h
        int     21h
        ret

; EXEC; CF and the error in AX if it did not start.
run_program:
        mov     si, order.tail + 1
        mov     di, block1
        mov     ax, 2901h
        int     21h
        mov     di, block2
        mov     ax, 2901h
        int     21h
        mov     ax, cs
        mov     [parameters + 4], ax
        mov     [parameters + 8], ax
        mov     [parameters + 12], ax
        mov     bx, parameters
        mov     dx, [program_pointer]
        mov     ax, 4B00h
        int     21h
        mov     bx, cs                  ; only CS:IP, SS:SP and the flags are left of what was
        mov     ds, bx
        mov     es, bx
        cld
        ret

; ---- requests ------------------------------------------------------------------------------------------------------------

dos:    pushf
        call    far [cs:old21]
        ret

; Handle BX of ours: DOSBox buffers what is written to a file until one moves in it.
flush:  mov     ax, 4200h
        xor     cx, cx
        xor     dx, dx
        jmp     dos

; Sends `request`, with the bytes at `data` if it is a WRITE, and waits for `reply`; a reply's bytes go to `data`. As the
; current program for DOS it has to be us meanwhile, since the handles of the pipes are ours.
transact:
        pushad
        mov     ah, 51h
        call    dos
        push    bx
        push    dword [cs:2Eh]          ; where DOS notes in a PSP the stack of each call, and finds ours after the EXEC
        mov     bx, [own_psp]
        mov     ah, 50h
        call    dos
        cmp     byte [had_child], 0
        je      .flushed
        mov     bx, 1
        call    flush
        mov     bx, 2
        call    flush
.flushed:
        mov     dword [reply.result], 0         ; if nobody is there any more
        mov     dword [reply.value], 0
        mov     bx, [request_handle]
        mov     cx, 8
        mov     dx, request
        mov     ah, 40h
        call    dos
        cmp     byte [request.op], OP_WRITE
        jne     .send
        mov     cx, [request.count]
        push    ds
        lds     dx, [data]
        mov     ah, 40h
        call    dos
        pop     ds
.send:  call    flush
        mov     bx, [reply_handle]
        mov     cx, 8
        mov     dx, reply
        mov     ah, 3Fh
        call    dos
        cmp     byte [request.op], OP_READ
        je      .receive
        cmp     byte [request.op], OP_HELLO
        jne     .done
.receive:
        mov     cx, [reply.result]
        jcxz    .done
        push    ds
        lds     dx, [data]
        mov     ah, 3Fh
        call    dos
        pop     ds
.done:  pop     dword [cs:2Eh]
        pop     bx
        mov     ah, 50h
        call    dos
        popad
        ret

; ---- the hook ------------------------------------------------------------------------------------------------------------

hook:   cmp     byte [cs:busy], 0       ; an interrupt handler that calls DOS while we wait for it
        jne     .pass
        push    bx
        movzx   bx, ah
        cmp     bx, 4Ch
        jae     .not_ours
        shl     bx, 1
        cmp     word [cs:functions + bx], 0
        je      .not_ours
        mov     bx, [cs:functions + bx]
        mov     [cs:function], bx
        pop     bx
        jmp     .enter
.not_ours:
        pop     bx
.pass:  jmp     far [cs:old21]

.enter: mov     byte [cs:busy], 1
        mov     [cs:user_sp], sp
        mov     [cs:user_ss], ss
        mov     [cs:user_ax], ax        ; the upper halves of registers are kept, as a program for the 386 expects
        mov     ax, cs
        mov     ss, ax
        mov     sp, hook_stack_top
        pushad
        push    ds
        push    es
        mov     ds, ax
        mov     es, ax
        mov     [user_bx], bx
        mov     [user_cx], cx
        mov     [user_dx], dx
        mov     bp, sp
        mov     ax, [bp + 2]
        mov     [user_ds], ax
        mov     byte [passed], 0
        mov     byte [changed_flags], 0
        mov     byte [new_flags], 0
        mov     byte [request.stream], 0
        mov     byte [sets_dx], 0
        cld
        call    [function]

        cmp     byte [changed_flags], 0
        je      .flags_done
        les     bx, [user_sp]
        mov     al, [changed_flags]
        not     al
        and     [es:bx + 4], al
        mov     al, [new_flags]
        or      [es:bx + 4], al
.flags_done:
        pop     es
        pop     ds
        popad
        cmp     byte [cs:sets_dx], 0
        je      .dx_done
        mov     dx, [cs:user_dx]
.dx_done:
        lss     sp, [cs:user_sp]
        mov     ax, [cs:user_ax]
        mov     byte [cs:busy], 0
        cmp     byte [cs:passed], 0
        jne     .pass
        iret

; What a function leaves: success with AX, or an error.
succeed:
        mov     [user_ax], ax
        mov     byte [changed_flags], FLAG_CARRY
        ret
fail:   mov     [user_ax], ax
        mov     byte [changed_flags], FLAG_CARRY
        mov     byte [new_flags], FLAG_CARRY
        ret
not_for_us:
        mov     byte [passed], 1
        ret

; The stream behind handle BX of the current program in request.stream; CF if it is none of ours.
find_stream:
        push    es
        mov     si, bx
        mov     ah, 51h
        call    dos
        mov     es, bx
        cmp     si, [es:32h]
        jae     .none
        les     bx, [es:34h]
        mov     al, [es:bx + si]
        xor     di, di
.next:  cmp     al, [entries + di]
        je      .ours
        inc     di
        cmp     di, 3
        jb      .next
.none:  pop     es
        stc
        ret
.ours:  mov     ax, di
        mov     [request.stream], al
        pop     es
        clc
        ret

; EXEC by the program, or by a child of its own.
start_child:
        mov     ah, 51h
        call    dos
        cmp     bx, [own_psp]
        je      .ours
        mov     byte [had_child], 1
.ours:  jmp     not_for_us

; -- functions on handles

read_handle:
        mov     bx, [user_bx]
        call    find_stream
        jc      not_for_us
        mov     cx, [user_cx]
        xor     ax, ax
        test    cx, cx
        jz      succeed
        mov     [request.count], cx
        mov     dword [request.value], READ_BLOCK
        mov     byte [request.op], OP_READ
        call    transact_user_buffer
finish: mov     ax, [reply.error]
        or      ax, ax
        jnz     fail
        mov     ax, [reply.result]
        jmp     succeed

write_handle:
        mov     bx, [user_bx]
        call    find_stream
        jc      not_for_us
        mov     cx, [user_cx]
        xor     ax, ax
        test    cx, cx
        jz      succeed                 ; elsewhere it would cut the file off
        mov     [request.count], cx
        mov     byte [request.op], OP_WRITE
        call    transact_user_buffer
        jmp     finish

transact_user_buffer:
        mov     ax, [user_dx]
        mov     [data], ax
        mov     ax, [user_ds]
        mov     [data + 2], ax
        jmp     transact

seek_handle:
        mov     bx, [user_bx]
        call    find_stream
        jc      not_for_us
        mov     ax, [user_ax]
        xor     ah, ah
        mov     [request.count], ax
        mov     ax, [user_dx]
        mov     [request.value], ax
        mov     ax, [user_cx]
        mov     [request.value + 2], ax
        mov     byte [request.op], OP_SEEK
        call    transact
        mov     ax, [reply.error]
        or      ax, ax
        jnz     fail
        mov     ax, [reply.value + 2]
        mov     [user_dx], ax
        mov     byte [sets_dx], 1
        mov     ax, [reply.value]
        jmp     succeed

control_handle:
        mov     al, [user_ax]
        cmp     al, 0
        je      .ours
        cmp     al, 1
        je      .ours
        cmp     al, 6
        je      .ours
        cmp     al, 7
        jne     not_for_us
.ours:  mov     bx, [user_bx]
        call    find_stream
        jc      not_for_us
        movzx   si, byte [request.stream]
        shl     si, 1
        mov     ax, [user_ax]
        cmp     al, 0
        je      .information
        cmp     al, 1                   ; there is no raw mode to be set
        je      succeed
        cmp     al, 7
        je      .is_ready
        mov     byte [request.op], OP_READY
        call    transact
        mov     al, [reply.result]
        jmp     succeed
.is_ready:
        mov     al, 0FFh
        jmp     succeed
.information:
        mov     ax, [order.information + si]
        mov     [user_dx], ax
        mov     byte [sets_dx], 1
        jmp     succeed

; -- functions on characters: handle 0 or 1 is implied, and no flag but ZF of function 6 is touched

input_is_ours:
        xor     bx, bx
        jmp     find_stream

; One character from our standard input in AL; the end of the file is ^Z.
get_character:
        xor     bx, bx
        call    find_stream
        mov     word [request.count], 1
        mov     dword [request.value], READ_CHARACTER
        mov     byte [request.op], OP_READ
        mov     [data], word character
        mov     [data + 2], cs
        mov     byte [character], END_OF_FILE
        call    transact
        mov     al, [character]
        ret

; AL to standard output, whoever has that.
put_character:
        push    ax
        mov     [character], al
        mov     bx, 1
        call    find_stream
        jc      .elsewhere
        mov     word [request.count], 1
        mov     byte [request.op], OP_WRITE
        mov     [data], word character
        mov     [data + 2], cs
        call    transact
        pop     ax
        ret
.elsewhere:
        mov     dl, [character]
        mov     ah, 2
        call    dos
        pop     ax
        ret

; What was read, to standard output; a terminal has done that itself.
echo_character:
        test    byte [order.flags], 2
        jz      put_character
        ret

read_echoed:
        call    input_is_ours
        jc      not_for_us
        call    get_character
        call    echo_character
        mov     [user_ax], al
        ret

read_silent:
        call    input_is_ours
        jc      not_for_us
        call    get_character
        mov     [user_ax], al
        ret

write_one:
        mov     bx, 1
        call    find_stream
        jc      not_for_us
        mov     al, [user_dx]
        call    put_character
        mov     [user_ax], al
        ret

direct: cmp     byte [user_dx], 0FFh
        jne     write_one
        call    input_is_ours
        jc      not_for_us
        mov     byte [changed_flags], FLAG_ZERO
        mov     byte [request.op], OP_READY
        call    transact
        cmp     byte [reply.result], 0
        je      .nothing
        call    get_character
        mov     [user_ax], al
        ret
.nothing:
        mov     byte [new_flags], FLAG_ZERO
        mov     byte [user_ax], 0
        ret

write_string:
        mov     bx, 1
        call    find_stream
        jc      not_for_us
        push    es
        les     di, [user_dx]           ; user_ds follows it
        mov     al, '$'
        mov     cx, 0FFFFh
        repne   scasb
        pop     es
        mov     ax, 0FFFEh
        sub     ax, cx
        mov     byte [user_ax], '$'
        jz      .done
        mov     [request.count], ax
        mov     byte [request.op], OP_WRITE
        jmp     transact_user_buffer
.done:  ret

input_status:
        call    input_is_ours
        jc      not_for_us
        mov     byte [request.op], OP_READY
        call    transact
        mov     al, [reply.result]
        mov     [user_ax], al
        ret

; A line into the buffer at DS:DX, whose first byte is its size and second the length without the CR. A line ends with CR,
; LF or CR LF, so that Unix's files have lines too; the LF after a CR is taken off when the next line begins.
read_line:
        call    input_is_ours
        jc      not_for_us
        push    es
        les     si, [user_dx]
        xor     di, di
        cmp     byte [es:si], 0
        je      .done
.next:  push    si
        push    di
        call    get_character
        pop     di
        pop     si
        mov     ah, [previous]
        mov     [previous], al
        cmp     al, 13
        je      .end
        cmp     al, END_OF_FILE
        je      .end
        cmp     al, 10
        jne     .text
        cmp     ah, 13
        je      .next
        jmp     .end
.text:  cmp     al, 8
        jne     .store
        or      di, di
        jz      .next
        dec     di
        jmp     .echo
.store: movzx   cx, byte [es:si]
        dec     cx
        cmp     di, cx                  ; the last place is for the CR
        jae     .next
        mov     bx, si
        add     bx, di
        mov     [es:bx + 2], al
        inc     di
.echo:  call    .echo_kept
        jmp     .next
.end:   mov     al, 13
        mov     bx, si
        add     bx, di
        mov     [es:bx + 2], al
        call    .echo_kept
.done:  mov     ax, di
        mov     [es:si + 1], al
        pop     es
        ret
.echo_kept:
        push    si
        push    di
        call    echo_character
        pop     di
        pop     si
        ret

; Function 0Ch: forgets what was typed ahead, of which there is none here, and goes on as function AL.
flush_and_read:
        call    input_is_ours
        jc      not_for_us
        movzx   bx, byte [user_ax]
        cmp     bl, 0Ah
        ja      .only_flush
        shl     bx, 1
        cmp     word [flushing + bx], 0
        je      .only_flush
        jmp     [flushing + bx]
.only_flush:
        mov     byte [user_ax], 0
        ret

functions:
        dw      0, read_echoed, write_one, 0, 0, 0, direct, read_silent         ; 00h
        dw      read_silent, write_string, read_line, input_status, flush_and_read, 0, 0, 0
        times   2Fh dw 0                                                         ; 10h to 3Eh
        dw      read_handle, write_handle, 0, seek_handle, 0, control_handle     ; 3Fh to 44h
        dw      0, 0, 0, 0, 0, 0, start_child                                    ; 45h to 4Bh
flushing:
        dw      0, read_echoed, 0, 0, 0, 0, direct, read_silent, read_silent, 0, read_line

request_name    db 'Y:\REQUEST', 0
reply_name      db 'Y:\REPLY', 0
input_name      db 'NUL', 0
output_name     db 'Y:\OUTPUT', 0
error_name      db 'Y:\ERROR', 0
stream_names    dw input_name, output_name, error_name

busy            db 0
had_child       db 0
previous        db 0
parameters      dw 0, order.tail, 0, block1, 0, block2, 0

; ---- not in the file -----------------------------------------------------------------------------------------------------

        section .bss
        alignb  4
clear_from:
old21           resw 2
own_psp         resw 1
request_handle  resw 1
reply_handle    resw 1
program_pointer resw 1
data            resw 2
request:
.op             resb 1
.stream         resb 1
.count          resw 1
.value          resd 1
reply:
.result         resw 1
.error          resw 1
.value          resd 1
entries         resb 3
character       resb 1
; Of the program, while one of its calls is served.
user_sp         resw 1
user_ss         resw 1
user_ax         resw 1
user_bx         resw 1
user_cx         resw 1
user_dx         resw 1
user_ds         resw 1
function        resw 1
passed          resb 1
changed_flags   resb 1
new_flags       resb 1
sets_dx         resb 1
found_name      resb 96
search_area     resb 64
block1          resb 44
block2          resb 44
; The reply to HELLO: DosOrder of runner_dos_channel.h.
        alignb  4
order:
.information    resw 3          ; of the three streams, as INT 21h/4400h has it
.flags          resb 1          ; 1: take the streams over; 2: standard input is a terminal, which echoes
.drive          resb 1          ; of the working directory, 0 is A:
.size           resd 1          ; of the program
.directory      resb 68         ; the working directory, without its drive
.program        resb 80         ; empty: to be searched for
.pattern        resb 80         ; of its directory's files
.substitute     resb 16
.tail           resb 129        ; as in a PSP: length, text, CR; and a NUL
order_size      equ $ - order
        alignb  16
hook_stack      resb STACK_SIZE
hook_stack_top:
stack           resb STACK_SIZE
stack_top:

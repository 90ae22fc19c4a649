; SPDX-License-Identifier: MIT
; Exits with the number that its argument is.
%include "dos.inc"
%ifdef MZ
%error "reads the PSP"
%endif
        mov     si, 82h
        xor     bx, bx
digit:  lodsb
        sub     al, '0'
        cmp     al, 9
        ja      done
        xor     ah, ah
        xchg    ax, bx
        mov     dx, 10
        mul     dx
        add     bx, ax
        jmp     digit
done:   mov     al, bl
        mov     ah, 4Ch
        int     21h
        end_of_program

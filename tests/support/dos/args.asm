; SPDX-License-Identifier: MIT
; Prints the tail of its command line in brackets; exits with its length.
%include "dos.inc"
        mov     dl, '['
        mov     ah, 2
        int     21h
%ifdef MZ
        mov     ah, 62h
        int     21h
        mov     ds, bx
%endif
        mov     ah, 40h
        mov     bx, 1
        mov     cl, [80h]
        xor     ch, ch
        mov     dx, 81h
        int     21h
        push    cs
        pop     ds
        print   bracket
        mov     ax, cx
        mov     ah, 4Ch
        int     21h
bracket db      ']', 13, 10, '$'
        end_of_program

; SPDX-License-Identifier: MIT
; Appends a byte to the file that its first argument names; exits with the DOS error.
%include "dos.inc"
%ifdef MZ
%error "reads the PSP"
%endif
        mov     bl, [80h]
        xor     bh, bh
        mov     byte [81h + bx], 0
        mov     dx, 82h
        mov     ax, 3D01h
        int     21h
        jnc     opened
        xor     cx, cx
        mov     ah, 3Ch
        int     21h
        jc      failed
opened: mov     bx, ax
        mov     ax, 4202h
        xor     cx, cx
        xor     dx, dx
        int     21h
        mov     ah, 40h
        mov     cx, 1
        mov     dx, mark
        int     21h
        jc      failed
        xor     al, al
failed: mov     ah, 4Ch
        int     21h
mark    db      'x'
        end_of_program

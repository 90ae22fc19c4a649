; SPDX-License-Identifier: MIT
; Prints its working directory and its own name.
%include "dos.inc"
        mov     ah, 19h
        int     21h
        add     al, 'A'
        mov     [drive], al
        mov     ah, 47h
        xor     dl, dl
        mov     si, path
        int     21h
        mov     si, drive
        call    print_text
        mov     ah, 62h
        int     21h
        mov     es, bx
        mov     es, [es:2Ch]
        xor     di, di
        xor     al, al
        mov     cx, -1
variable:
        repne   scasb
        scasb
        jne     variable
        add     di, 2
        push    es
        pop     ds
        mov     si, di
        call    print_text
        exit    0
print_text:
        lodsb
        or      al, al
        jz      line_end
        mov     dl, al
        mov     ah, 2
        int     21h
        jmp     print_text
line_end:
        mov     dl, 13
        mov     ah, 2
        int     21h
        mov     dl, 10
        int     21h
        ret
drive   db      'A:\'
path    times 80 db 0
        end_of_program

; SPDX-License-Identifier: MIT
; Runs its command line by COMMAND.COM.
%include "dos.inc"
        make_room_for_a_child
        mov     cl, [80h]
        xor     ch, ch
        mov     si, 81h
        mov     di, tail + 4
        add     [tail], cl
        inc     cx              ; the CR
        rep     movsb
        mov     [block + 4], cs
        mov     [block + 8], cs
        mov     [block + 12], cs
        mov     dx, command
        mov     bx, block
        mov     ax, 4B00h
        int     21h
        jc      failed
        mov     ah, 4Dh
        int     21h
failed: mov     ah, 4Ch
        int     21h
command db      'Z:\COMMAND.COM', 0
block   dw      0, tail, 0, 5Ch, 0, 6Ch, 0
tail    db      3, ' /C'
        times 128 db 0
        end_of_program

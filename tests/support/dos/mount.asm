; SPDX-License-Identifier: MIT
; Tries to mount the host's root as drive E: and to leave the secure mode. Exits with 1 if there is an E: afterwards.
%include "dos.inc"
        make_room_for_a_child
        mov     dx, mount
        mov     bx, mount_block
        call    start
        mov     dx, imgmount
        mov     bx, imgmount_block
        call    start
        mov     ah, 36h         ; free space of E:
        mov     dl, 5
        int     21h
        cmp     ax, 0FFFFh
        je      fine
        exit    1
fine:   exit    0
start:  mov     [bx + 4], cs
        mov     [bx + 8], cs
        mov     [bx + 12], cs
        mov     ax, 4B00h
        int     21h
        ret
mount   db      'Z:\MOUNT.COM', 0
imgmount db     'Z:\IMGMOUNT.COM', 0
mount_block dw  0, mount_tail, 0, 5Ch, 0, 6Ch, 0
imgmount_block dw 0, imgmount_tail, 0, 5Ch, 0, 6Ch, 0
mount_tail db   mount_end - mount_tail - 1, ' E /'
mount_end db    13
imgmount_tail db imgmount_end - imgmount_tail - 1, ' E /dev/zero -t iso'
imgmount_end db 13
        end_of_program

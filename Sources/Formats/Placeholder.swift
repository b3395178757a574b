// placeholder: removed by the room's owner

"""KBUS: messages between the processes of one machine.

    >>> from kbus import *
    >>> rosencrantz = Ksock(0)
    >>> rosencrantz.send_msg(Message('$.Actor.Speak', 'Ahem'))
    MessageId(0, 1)

`from kbus import *` brings all of these names; there is no __all__, and programs for the original rely on the modules
that come with them.
"""

import array as array
import ctypes as ctypes
import fcntl as fcntl
import select as select
import string as string
import struct as struct

from kbus import ksock as ksock
from kbus import messages as messages
from kbus._event_loops import wait_any as wait_any
from kbus._in_place import Loan as Loan
from kbus._in_place import ReceivedMessage as ReceivedMessage
from kbus._listings import create_bus as create_bus
from kbus._listings import library_version as library_version
from kbus._listings import read_statistics as read_statistics
from kbus._listings import remove_bus as remove_bus
from kbus.ksock import BindStruct as BindStruct
from kbus.ksock import Ksock as Ksock
from kbus.ksock import ReplierStruct as ReplierStruct
from kbus.ksock import SendResultStruct as SendResultStruct
from kbus.ksock import read_bindings as read_bindings
from kbus.messages import MSG_HEADER_LEN as MSG_HEADER_LEN
from kbus.messages import Announcement as Announcement
from kbus.messages import Message as Message
from kbus.messages import MessageId as MessageId
from kbus.messages import OrigFrom as OrigFrom
from kbus.messages import Reply as Reply
from kbus.messages import Request as Request
from kbus.messages import Status as Status
from kbus.messages import c_data_as_bytes as c_data_as_bytes
from kbus.messages import calc_entire_message_len as calc_entire_message_len
from kbus.messages import calc_padded_data_len as calc_padded_data_len
from kbus.messages import calc_padded_name_len as calc_padded_name_len
from kbus.messages import hexdata as hexdata
from kbus.messages import hexify as hexify
from kbus.messages import message_from_parts as message_from_parts
from kbus.messages import reply_to as reply_to
from kbus.messages import split_replier_bind_event_data as split_replier_bind_event_data
from kbus.messages import stateful_request as stateful_request

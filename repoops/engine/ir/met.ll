define internal i32 @met(ptr %asked, i32 %parked, i32 %live) cold noinline {
entry:
  %named = load <32 x i32>, ptr %asked, align 64
  br label %next
next:
  %todo = phi i32 [%parked, %entry], [%todo1, %group]
  %free = phi i32 [0, %entry], [%free1, %group]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %group
group:
  %lane = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %lane64 = zext i32 %lane to i64
  %at = getelementptr i32, ptr %asked, i64 %lane64
  %mask = load i32, ptr %at
  %mask.1 = insertelement <32 x i32> poison, i32 %mask, i64 0
  %mask.v = shufflevector <32 x i32> %mask.1, <32 x i32> poison, <32 x i32> zeroinitializer
  %same = icmp eq <32 x i32> %named, %mask.v
  %same.w = bitcast <32 x i1> %same to i32
  %come = and i32 %same.w, %todo
  %others = xor i32 %come, -1
  %due = and i32 %mask, %live
  %absent = and i32 %due, %others
  %whole = icmp eq i32 %absent, 0
  %going = select i1 %whole, i32 %come, i32 0
  %free1 = or i32 %free, %going
  %todo1 = and i32 %todo, %others
  br label %next
end:
  ret i32 %free
}
